# install.sh under a systemd of its own, as root: from the first run to the purge.
# shellcheck shell=sh
set -eu
. "$HERE/test/lib.sh"
. "$HERE/test/systemd.sh"

SERVER=http://127.0.0.1:8080
AGENTS=/var/lib/taskey-server/agents

main() {
    echo "-- install.sh under systemd"
    mount -t proc proc /proc
    fresh_root
    boot_or_fail
    a_server
    remember_machine
    what_changes_nothing
    installing
    upgrading
    removing
    beside_the_package
    [ "$failures" = 0 ]
}

a_server() {
    in_root sh -c 'dpkg -i /tmp/taskey_*.deb' >/dev/null
    in_root systemctl start taskey
    check "the server starts" within 20 journal_has taskey '^ready: '
    code=$(in_root journalctl -u taskey -o cat | sed -n 's/^set-up code: //p' | tail -n 1)
    check "it is set up" in_root sh -c \
        "echo correct-horse-battery | taskey setup --server $SERVER --code $code --organization Acme --username ann --password-stdin"
    in_root sh -c 'umask 077; taskey enroll-tokens create --uses 5 -o name >/run/token; sed "s/enr_..../enr_XXXX/" /run/token >/run/wrong-token'
    fetch_script
    check "the package of the server gives the agent" in_root grep -q "$(sha256sum <"$root/usr/share/taskey/agents/taskeyd-linux-$(uname -m)" | cut -d' ' -f1)" /run/install.sh
}

fetch_script() {
    in_root curl -fsS "$SERVER/install.sh" -o /run/install.sh
}

# Without a terminal, as in a script of somebody's.
install_sh() {
    in_root setsid --wait sh /run/install.sh "$@"
}

# Names of what differs, and the users: whoever is undone has to give both back.
the_machine() {
    differences
    in_root cat /etc/passwd /etc/group
    in_root find /etc/systemd/system -name 'taskeyd*'
}

remember_machine() {
    the_machine >"$WORK/before"
}

machine_is_as_before() {
    the_machine >"$WORK/after"
    diff "$WORK/before" "$WORK/after"
}

what_changes_nothing() {
    check "without --yes and a terminal it says what it would do, and stops" says 'unit       /etc/systemd/system/taskeyd.service' not install_sh --token-file /run/token
    check "nothing was changed" machine_is_as_before
    check "a token that the server does not know is an error" not install_sh --yes --token-file /run/wrong-token
    check "and nothing is left of the attempt" machine_is_as_before
    check "nor does anything run" not in_root pgrep -x taskeyd
}

installing() {
    check "it installs, enrols and waits until the device is online" install_sh --yes --token-file /run/token --name web-1
    check "the unit is enabled" is "$(in_root systemctl is-enabled taskeyd)" enabled
    check "the agent runs from where the script put it" is "$(in_root readlink "/proc/$(property taskeyd MainPID)/exe")" /usr/local/bin/taskeyd
    check "a command runs as taskey, at home" is "$(sh_on_device 'id -un; pwd')" "$(printf 'taskey\n/var/lib/taskey')"
    check "root is refused" not sh_as_root id
    check "the user cannot sign in" is "$(in_root getent passwd taskey | cut -d: -f5-)" "taskey executions (by install.sh):/var/lib/taskey:/usr/sbin/nologin"
    check "its home is its own" is "$(mode_of /var/lib/taskey)" "750 taskey:taskey"
    check "keys are root's alone" is "$(mode_of /var/lib/taskey-agent)" "700 root:root"
    check "the sandbox is the package's" is "$(in_root systemd-analyze security taskeyd | tail -n 1 | grep -o '[0-9.]* MEDIUM\|[0-9.]* OK')" "4.0 OK"
}

# give_agent SHELL: what the server gives from now on is made by this.
give_agent() {
    in_root install -d -o taskey-server "$AGENTS"
    in_root sh -c "cd $AGENTS && cp /usr/share/taskey/agents/taskeyd-linux-$(uname -m) new && $1 && chmod 755 new && mv new taskeyd-linux-$(uname -m)"
    fetch_script
}

upgrading() {
    before=$(property taskeyd MainPID)
    check "a second run changes nothing, and says so" says 'was there already; nothing was changed' install_sh --yes
    check "the agent goes on" is "$(property taskeyd MainPID)" "$before"

    give_agent 'echo >>new'
    check "another binary is an upgrade" says 'is in place' install_sh --yes
    check "with which the agent is started anew" not is "$(property taskeyd MainPID)" "$before"
    check "and is the device that it was" sh_on_device true

    before=$(property taskeyd MainPID)
    give_agent 'echo "#!/bin/sh" >new'
    check "one that does not run is an error" says 'nothing was changed' not install_sh --yes
    check "and the agent goes on" is "$(property taskeyd MainPID)" "$before"
    give_agent "printf '#!/bin/sh\n[ \"\$1\" = --version ] && echo taskeyd %s\n' \"\$(taskeyd --version | cut -d' ' -f2)\" >new"
    check "one that does not come online is an error" says 'the version that was here is back' not install_sh --yes
    check "and the one before is back" within 20 is_online
    check "and runs commands" within 20 sh_on_device true

    in_root systemctl stop taskeyd
    give_agent 'echo echo >>new'
    check "an agent that was stopped is upgraded" install_sh --yes
    check "and stays stopped" is "$(property taskeyd ActiveState)" inactive
    in_root systemctl start taskeyd
    check "it comes back when it is started" within 20 is_online
}

# says WORDS COMMAND...
says() {
    words=$1
    shift
    "$@" >"$WORK/said" 2>&1 || {
        cat "$WORK/said"
        return 1
    }
    grep -q "$words" "$WORK/said" || {
        cat "$WORK/said"
        return 1
    }
}

removing() {
    check "it is removed" install_sh --uninstall --yes
    check "nothing of it runs" not in_root pgrep -x taskeyd
    check "program and unit are gone" not ls "$root/usr/local/bin/taskeyd" "$root/etc/systemd/system/taskeyd.service"
    check "keys, policy and user are kept" sh -c "ls '$root/var/lib/taskey-agent/identity.json' '$root/etc/taskey/policy.d/10-default.toml' && chroot '$root' getent passwd taskey"
    check "it comes back as the same device, without a token" install_sh --yes
    check "and runs commands" sh_on_device true
    in_root sh -c "echo 'run_as = [\"nobody\"]' >/etc/taskey/policy.d/20-own.toml"
    check "a purge takes the rest" install_sh --uninstall --purge --yes
    check "but a policy that its owner has written" is "$(ls "$root/etc/taskey/policy.d")" 20-own.toml
    in_root rm -r /etc/taskey/policy.d
    in_root rm -rf "$AGENTS"
    check "the machine is as it was before" machine_is_as_before
}

beside_the_package() {
    fetch_script
    in_root sh -c 'dpkg -i /tmp/taskey-agent_*.deb' >/dev/null 2>&1
    check "what a package has installed is left to apt" says 'apt takes care of it' not install_sh --yes --token-file /run/token
    check "on removal too" says 'apt takes care of it' not install_sh --uninstall --purge --yes
    check "and is still there" in_root dpkg --verify taskey-agent
}

main
