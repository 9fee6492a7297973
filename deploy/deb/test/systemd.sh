# For booted.sh and script.sh: a systemd in the throw-away root, and what is asked of it.
# shellcheck shell=sh

# The only units that this systemd knows, beside ours: no other service of the machine may be started in here.
UNITS="basic.target sysinit.target local-fs.target local-fs-pre.target network.target network-pre.target network-online.target nss-lookup.target
    time-set.target multi-user.target shutdown.target umount.target final.target slices.target paths.target sockets.target timers.target swap.target
    systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket"

boot_or_fail() {
    if ! boot; then
        cat "$WORK/systemd.log"
        echo "FAILED  no systemd can be started in here; TASKEY_TEST_BOOTED=no leaves this part out"
        exit 1
    fi
}

boot() {
    [ -n "${TASKEY_TEST_GROUP:-}" ] || return 1
    mkdir -p "$WORK/units"
    for unit in $UNITS; do
        cp -P "/usr/lib/systemd/system/$unit" "$WORK/units/"
    done
    mount -t tmpfs units "$root/usr/lib/systemd/system"
    cp -P "$WORK"/units/* "$root/usr/lib/systemd/system/"
    # Nor is one made from /etc/fstab or /etc/init.d, or wanted by what the machine has enabled.
    mount -t tmpfs generators "$root/usr/lib/systemd/system-generators"
    mount -t tmpfs enabled "$root/etc/systemd/system"
    # Where this machine is itself an image, it may keep packages from starting and stopping services.
    if [ -e "$root/usr/sbin/policy-rc.d" ]; then
        mount --bind /bin/true "$root/usr/sbin/policy-rc.d"
    fi
    ip link set lo up

    # shellcheck disable=SC2016
    setsid unshare --mount --propagation private --pid --fork --kill-child \
        sh -c 'echo 0 >"$TASKEY_TEST_GROUP/cgroup.procs" && exec unshare --cgroup sh "$HERE/test/init.sh" "$1"' init "$root" >"$WORK/systemd.log" 2>&1 &
    unshared=$!
    within 20 systemd_runs && within 20 in_root systemctl is-active multi-user.target >/dev/null && in_root systemctl start systemd-journald
}

systemd_runs() {
    init=$(cat "/proc/$unshared/task/$unshared/children" 2>/dev/null | tr -d ' ')
    [ -n "$init" ] && [ "$(cat "/proc/$init/comm")" = systemd ]
}

# within SECONDS COMMAND...: tries until it succeeds.
within() {
    tries=$(($1 * 10))
    shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

in_root() {
    nsenter -t "$init" -m -p -n -u -i -C -r -w env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive \
        HOME=/run TASKEY_CONFIG=/run/taskey.toml "$@"
}

property() {
    in_root systemctl show -P "$2" "$1"
}

journal_has() {
    in_root journalctl -u "$1" -o cat 2>/dev/null | grep -q "$2"
}

# on_device ARGUMENTS OF TASKEY EXEC...
on_device() {
    in_root taskey exec --device web-1 --timeout 20s "$@"
}

sh_on_device() {
    on_device -- sh -c "$1"
}

sh_as_root() {
    on_device --user root -- sh -c "$1"
}

is_online() {
    in_root taskeyd status -o json 2>/dev/null | grep -q '"connected": true'
}
