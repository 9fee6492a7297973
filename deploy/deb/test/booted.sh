# The packages under a systemd of their own, the first process of a name space: installing, the three commands of docs/guide/packages.md, what the
# sandbox takes from commands and what not, updating, stopping, removing.
# shellcheck shell=sh
set -eu
. "$HERE/test/lib.sh"
. "$HERE/test/systemd.sh"

case $(uname -m) in
x86_64) mmap=9 ptrace=101 ;;
*) mmap=222 ptrace=117 ;;
esac

main() {
    echo "-- under systemd"
    mount -t proc proc /proc
    fresh_root
    boot_or_fail
    installing
    three_commands
    what_commands_can_do
    what_root_can_do
    updating
    stopping
    loosening
    removing
    [ "$failures" = 0 ]
}

installing() {
    check "both install" in_root sh -c 'dpkg -i /tmp/*.deb'
    check "an agent that is not enrolled does not run" is "$(property taskeyd ActiveState)" inactive
    check "and has not failed" is "$(property taskeyd Result) $(property taskeyd ConditionResult) $(property taskeyd NRestarts)" "success no 0"
    check "the server waits to be asked for" is "$(property taskey ActiveState)" inactive
    check "the server starts" in_root systemctl enable --now taskey
    check "it says where it listens" within 20 journal_has taskey '^ready: http://127.0.0.1:8080'
    check "it runs as its own user" is "$(in_root ps -o user:20= -p "$(property taskey MainPID)")" taskey-server
    check "its data are its own alone" is "$(in_root stat -c '%a %U' /var/lib/taskey-server)" "700 taskey-server"
    check "it may listen on port 443 and has no other capability" is \
        "$(in_root sed -n 's/^CapEff:\t//p' "/proc/$(property taskey MainPID)/status")" 0000000000000400
}

three_commands() {
    code=$(in_root journalctl -u taskey -o cat | sed -n 's/^set-up code: //p' | tail -n 1)
    check "the set-up code is in the journal" in_root sh -c \
        "echo correct-horse-battery | taskey setup --server http://127.0.0.1:8080 --code $code --organization Acme --username ann --password-stdin"
    in_root sh -c 'umask 077; taskey enroll-tokens create --uses 1 -o name >/run/token'
    # The first of the three was to install the package.
    check "the machine is enrolled" in_root taskeyd enroll --server http://127.0.0.1:8080 --token-file /run/token --name web-1
    check "and the agent starts" in_root systemctl start taskeyd
    check "it is online" within 20 is_online
    check "it lives in a control group of its own" in_root sh -c 'test -d /sys/fs/cgroup/system.slice/taskeyd.service'
}

what_commands_can_do() {
    check "a command runs as taskey, at home" is "$(sh_on_device 'id -un; pwd; touch here; ls')" "$(printf 'taskey\n/var/lib/taskey\nhere')"
    in_root touch /tmp/of-the-machine
    check "its /tmp is the machine's" sh_on_device 'ls /tmp/of-the-machine && touch /tmp/of-the-command'
    check "and the machine sees what it writes there" in_root stat /tmp/of-the-command
    check "it writes with umask 022" is "$(sh_on_device umask)" 0022
    check "it sees the machine's processes" sh_on_device 'ps -e -o comm= | grep -x taskey'
    check "nice, ionice and taskset work" sh_on_device 'nice -n 5 ionice -c 3 taskset -c 0 true'
    check "memory can be written and run, as what compiles as it runs wants it" system_call "$mmap, 0, 4096, 7, 0x22, -1, 0"
    check "it reaches the network" sh_on_device 'curl -sf http://127.0.0.1:8080/healthz'
    check "it gains no privileges" is "$(sh_on_device "sed -n 's/^NoNewPrivs:\t//p' /proc/self/status")" 1
    check "it cannot make a name space" not sh_on_device 'unshare -U true'
    check "it cannot trace" not system_call "$ptrace, 0, 0, 0, 0"
    check "that is an error for it and not its end" is "$(sh_on_device 'unshare -U true 2>/dev/null; echo on')" on
    check "it cannot read the agent's state" not sh_on_device 'ls /var/lib/taskey-agent'
    check "nor the policy" not sh_on_device 'cat /etc/taskey/policy.d/10-default.toml'
    check "nor the server's settings" not sh_on_device 'cat /etc/taskey/server.env'
    in_root sh -c 'cat >/run/errands.yaml' <<'TASK'
name: errands
actions:
  - {type: READ_FILE, path: /etc/os-release}
  - {type: HTTP_REQUEST, request_method: GET, request_url: "http://127.0.0.1:8080/healthz"}
  - {type: SCRIPT, content: "(setsid sleep 4242 &) ; sleep 0.5"}
TASK
    in_root taskey tasks apply -f /run/errands.yaml >/dev/null
    # Beside another execution, what has lost its parent is known by its environment alone.
    on_device -- sleep 4241 >"$WORK/beside" 2>&1 &
    beside=$!
    check "a command runs beside" within 20 in_root pgrep -xf 'sleep 4241'
    check "files are read, requests sent, scripts run" in_root taskey run errands --device web-1 --wait
    check "and what they leave behind is ended" not in_root pgrep -xf 'sleep 4242'
    in_root pkill -xf 'sleep 4241'
    wait "$beside" || true
}

# system_call NUMBER, ARGUMENTS...: whether a command can make it; perl is everywhere.
system_call() {
    on_device -- perl -e "exit(syscall($1) == -1 ? 1 : 0)"
}

what_root_can_do() {
    check "root is refused as long as the owner has not let it in" not sh_as_root id
    in_root sh -c 'printf "run_as = [\"taskey\", \"nobody\", \"root\"]\n" >/etc/taskey/policy.d/20-root.toml'
    check "root writes to /etc and gives files away" sh_as_root 'echo x >/etc/of-root && chown taskey /etc/of-root && chmod 600 /etc/of-root'
    check "the machine sees it" is "$(in_root stat -c '%a %U' /etc/of-root)" "600 taskey"
    check "root reads what is another's" sh_as_root 'cat /etc/of-root && rm /etc/of-root'
    check "root asks systemd" sh_as_root 'systemctl is-active taskey'
    check "root ends another's process" sh_as_root 'runuser -u nobody sleep 300 & sleep 0.3; pkill -u nobody sleep'
    check "root cannot mount" not sh_as_root 'mount -t tmpfs none /mnt'
    check "root sets no sysctl" not sh_as_root 'echo 1 >/proc/sys/kernel/panic'
    check "root makes no set-user-id file" not sh_as_root 'cp /bin/true /tmp/true && chmod u+s /tmp/true'
    check "root makes no device" not sh_as_root 'mknod /tmp/null c 1 3'
    devices
}

# /dev/fuse is open to every user of a machine that has it.
devices() {
    mknod -m 666 "$root/dev/fuse" c 10 229
    if ! in_root sh -c ': </dev/fuse' 2>/dev/null; then
        echo "--  this kernel has no fuse; access to devices is not checked"
        return
    fi
    check "a command sees the machine's devices" sh_on_device 'test -c /dev/fuse'
    check "and opens only the harmless ones" not sh_on_device ': </dev/fuse'
    check "a drop-in gives it one" in_root sh -c 'mkdir -p /etc/systemd/system/taskeyd.service.d &&
        printf "[Service]\nDeviceAllow=/dev/fuse rw\n" >/etc/systemd/system/taskeyd.service.d/fuse.conf && systemctl daemon-reload && systemctl restart taskeyd'
    check "the device is back" within 20 is_online
    check "and it opens" sh_on_device ': </dev/fuse'
    in_root rm /etc/systemd/system/taskeyd.service.d/fuse.conf
    in_root systemctl daemon-reload
}

updating() {
    agent=$(property taskeyd MainPID) server=$(property taskey MainPID)
    check "both update" in_root sh -c 'dpkg -i /tmp/next/*.deb'
    check "the agent is started anew" not is "$(property taskeyd MainPID)" "$agent"
    check "the server is started anew" not is "$(property taskey MainPID)" "$server"
    check "the device is back" within 20 is_online
    check "and runs commands" within 20 sh_on_device true
    in_root systemctl stop taskeyd
    in_root sh -c 'dpkg -i /tmp/*.deb' >/dev/null 2>&1
    check "an agent that was stopped stays stopped" is "$(property taskeyd ActiveState)" inactive
    in_root systemctl start taskeyd
    check "and is back when it is started" within 20 is_online
}

stopping() {
    in_root taskey exec --device web-1 -- sh -c 'trap "" TERM; (setsid sleep 4243 &); sleep 4244' >"$WORK/stopped" 2>&1 &
    waiting=$!
    check "a command runs" within 20 in_root pgrep -xf 'sleep 4243'
    began=$(date +%s)
    in_root systemctl stop taskeyd
    took=$(($(date +%s) - began))
    check "a stop takes no longer than its grace ($took s)" test "$took" -le 12
    check "systemd had to kill nobody" is "$(property taskeyd Result)" success
    check "nothing is left of the command" not in_root pgrep -xf 'sleep 424[34]'
    wait "$waiting" && code=0 || code=$?
    check "its caller is told that it was cancelled" test "$code" = 2
    in_root systemctl start taskeyd
    check "the agent is back" within 20 is_online

    in_root taskey exec --device web-1 -- sleep 4245 >"$WORK/killed" 2>&1 &
    waiting=$!
    check "a command runs" within 20 in_root pgrep -xf 'sleep 4245'
    main_pid=$(property taskeyd MainPID)
    in_root kill -KILL "$main_pid"
    check "an agent that is killed comes back" within 30 agent_is_another "$main_pid"
    wait "$waiting" && code=0 || code=$?
    check "the command's caller is told ($code)" test "$code" != 0
    check "nothing is left of it" not in_root pgrep -xf 'sleep 4245'
    check "commands run again" within 20 sh_on_device true
}

agent_is_another() {
    pid=$(property taskeyd MainPID)
    [ "$pid" != 0 ] && [ "$pid" != "$1" ] && is_online
}

loosening() {
    check "a drop-in of single lines is taken" in_root sh -c 'mkdir -p /etc/systemd/system/taskeyd.service.d &&
        printf "[Service]\nRestrictNamespaces=no\nSystemCallFilter=@debug @mount\nRestrictAddressFamilies=AF_VSOCK\n" >/etc/systemd/system/taskeyd.service.d/own.conf &&
        systemctl daemon-reload && systemctl restart taskeyd'
    check "the device is back" within 20 is_online
    check "now commands make name spaces and mount in them" sh_on_device 'unshare -Urm mount -t tmpfs none /mnt'
    check "and trace" system_call "$ptrace, 0, 0, 0, 0"
    check "and the rest holds" not sh_as_root 'chmod u+s /tmp/true'
    in_root rm /etc/systemd/system/taskeyd.service.d/own.conf
    check "the drop-in for root is taken" in_root sh -c 'install -D -m 644 /usr/share/doc/taskey-agent/examples/root.conf \
        /etc/systemd/system/taskeyd.service.d/root.conf && systemctl daemon-reload && systemctl restart taskeyd'
    check "the device is back" within 20 is_online
    check "now root mounts, and the machine sees it" sh_as_root 'mount -t tmpfs none /mnt'
    check "the machine sees it" in_root umount /mnt
    check "and sets bits" sh_as_root 'chmod u+s /tmp/true'
    check "and makes name spaces" sh_as_root 'unshare -m true'
    in_root rm -r /etc/systemd/system/taskeyd.service.d /etc/taskey/policy.d/20-root.toml
}

removing() {
    check "both are removed" in_root dpkg --remove taskey taskey-agent
    check "nothing of them runs" not in_root pgrep -x 'taskey|taskeyd'
    check "both are purged" in_root dpkg --purge taskey taskey-agent
    check "no user is left" is "$(in_root getent passwd taskey)$(in_root getent passwd taskey-server)" ""
    check "no unit is left" is "$(in_root find /etc/systemd/system /usr/lib/systemd/system /run/systemd/system -name 'taskey*')" ""
    check "after a purge the machine is as it was" no_differences
}

main
