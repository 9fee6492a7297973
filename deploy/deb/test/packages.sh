# The packages with dpkg alone, in a root where no systemd runs: what they install, make, keep and remove.
# shellcheck shell=sh
set -eu
. "$HERE/test/lib.sh"

main() {
    echo "-- a life of both packages"
    a_life
    echo "-- what belongs to the owner"
    the_owners_things
    [ "$failures" = 0 ]
}

in_root() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}

installs_in_silence() {
    in_root sh -c "dpkg -i $1" >"$WORK/dpkg.out" 2>&1 || {
        cat "$WORK/dpkg.out"
        return 1
    }
    # dpkg's own account of its work is no word from a package.
    ! grep -Ev '^(Selecting|\(Reading|Preparing|Unpacking|Setting up|Processing triggers|Creating (user|group))' "$WORK/dpkg.out"
}

removes() {
    in_root dpkg "$@"
}

state_of() {
    in_root dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | tr -d ' '
}

user_exists() {
    in_root getent passwd "$1" >/dev/null
}

user_is() {
    is "$(in_root getent passwd "$1" | cut -d: -f5-)" "$2"
}

a_life() {
    fresh_root
    check "a fresh root is the machine itself" no_differences
    check "both install, and say nothing" installs_in_silence "/tmp/*.deb"
    check "every file is as it was packed" in_root dpkg --verify taskey taskey-agent

    check "taskey has mode 755" is "$(mode_of /usr/bin/taskey)" "755 root:root"
    check "taskeyd has mode 755" is "$(mode_of /usr/bin/taskeyd)" "755 root:root"
    check "the server's settings are root's alone" is "$(mode_of /etc/taskey/server.env)" "600 root:root"
    check "/etc/taskey can be entered" is "$(mode_of /etc/taskey)" "755 root:root"
    check "the user of executions has a home" is "$(mode_of /var/lib/taskey)" "750 taskey:taskey"
    check "the user of executions cannot sign in" user_is taskey "taskey executions (by the package taskey-agent):/var/lib/taskey:/usr/sbin/nologin"
    check "the server has a user of its own" user_is taskey-server "taskey server (by the package taskey):/var/lib/taskey-server:/usr/sbin/nologin"
    check "their passwords are locked" is "$(in_root grep -cE '^taskey(-server)?:!' /etc/shadow)" 2
    check "no state is made by installing" not test -e "$root/var/lib/taskey-agent" -o -e "$root/var/lib/taskey-server"

    check "the agent's unit is enabled" in_root systemctl is-enabled taskeyd.service
    check "the server's unit is not" is "$(in_root systemctl is-enabled taskey.service 2>/dev/null)" disabled
    for unit in taskeyd taskey; do
        check "systemd has nothing to say against $unit.service" is "$(in_root systemd-analyze verify $unit.service 2>&1)" ""
        check "$unit.service is exposed by 4.0 at most" in_root systemd-analyze security --offline=true --threshold=40 "/usr/lib/systemd/system/$unit.service"
        echo "        $(in_root systemd-analyze security --offline=true --threshold=100 "/usr/lib/systemd/system/$unit.service" | tail -n 1)"
    done
    check "the drop-in for root is sound" drop_in_is_sound
    check "the manual pages read without a warning" is "$(in_root sh -c 'for page in man1/taskey.1 man8/taskeyd.8; do man --warnings -l /usr/share/man/$page.gz 2>&1 >/dev/null; done')" ""
    check "bash takes the completion" in_root bash -n /usr/share/bash-completion/completions/taskey
    check "an agent that is not enrolled says so" is "$(in_root taskeyd run 2>&1)" \
        "taskeyd: this machine is not enrolled: /var/lib/taskey-agent/identity.json does not exist; run \`taskeyd enroll\` first"

    # As an enrolment, an owner and a server would.
    mkdir -p "$root/var/lib/taskey-agent" "$root/etc/taskey/policy.d" "$root/var/lib/taskey-server"
    echo '{}' >"$root/var/lib/taskey-agent/identity.json"
    cp "$HERE/../../crates/taskey-agent/policy/10-default.toml" "$root/etc/taskey/policy.d/"
    echo TASKEY_LOG=debug >>"$root/etc/taskey/server.env"
    in_root systemctl disable --quiet taskeyd.service 2>/dev/null

    check "an update installs, and says nothing" installs_in_silence "/tmp/next/*.deb"
    check "the update's version is the one installed" is "$(in_root dpkg-query -W -f '${Version}' taskey-agent | sed 's/.*+/+/')" "+next1"
    check "an update keeps the owner's settings" grep -q debug "$root/etc/taskey/server.env"
    check "an update keeps an agent disabled that its owner has disabled" is "$(in_root systemctl is-enabled taskeyd.service 2>/dev/null)" disabled
    check "an update keeps the state" test -f "$root/var/lib/taskey-agent/identity.json"
    check "the older version can be put back" in_root sh -c 'dpkg -i /tmp/*.deb'

    check "both are removed" removes --remove taskey taskey-agent
    check "after that the programs are gone" not ls "$root/usr/bin/taskey" "$root/usr/bin/taskeyd" "$root/usr/lib/systemd/system/taskey.service"
    check "state, policy, settings and users are kept" sh -c "ls '$root/var/lib/taskey-agent/identity.json' '$root/etc/taskey/policy.d/10-default.toml' \
        '$root/etc/taskey/server.env' && chroot '$root' getent passwd taskey taskey-server"
    check "they can come back" in_root sh -c 'dpkg -i /tmp/*.deb'
    in_root systemctl enable --quiet taskey.service taskeyd.service 2>/dev/null

    check "both are purged" removes --purge taskey taskey-agent
    check "dpkg knows neither" is "$(state_of taskey)$(state_of taskey-agent)" ""
    check "after a purge the machine is as it was" no_differences
}

drop_in_is_sound() {
    install -D -m 644 "$root/usr/share/doc/taskey-agent/examples/root.conf" "$root/etc/systemd/system/taskeyd.service.d/root.conf"
    said=$(in_root systemd-analyze verify taskeyd.service 2>&1)
    rm -r "$root/etc/systemd/system/taskeyd.service.d"
    is "$said" ""
}

the_owners_things() {
    fresh_root
    in_root useradd --system --home-dir /srv/own --shell /bin/sh taskey
    check "the agent installs" in_root sh -c 'dpkg -i /tmp/taskey-agent_*.deb'
    check "a user taskey that was there is left as it is" user_is taskey ":/srv/own:/bin/sh"
    check "and gets no home from the package" not test -e "$root/var/lib/taskey"
    mkdir -p "$root/etc/taskey/policy.d"
    echo 'run_as = ["root"]' >"$root/etc/taskey/policy.d/20-own.toml"
    cp "$HERE/../../crates/taskey-agent/policy/10-default.toml" "$root/etc/taskey/policy.d/"
    check "a purge says what it leaves" sh -c "chroot '$root' dpkg --purge taskey-agent 2>&1 | grep 'holds a policy that is not the shipped one'"
    check "the owner's policy stays, the shipped one goes" is "$(ls "$root/etc/taskey/policy.d")" 20-own.toml
    check "the owner's user stays" user_exists taskey

    fresh_root
    check "the agent installs" in_root sh -c 'dpkg -i /tmp/taskey-agent_*.deb'
    mkdir -p "$root/etc/taskey/policy.d"
    echo 'run_as = ["root"]' >"$root/etc/taskey/policy.d/10-default.toml"
    check "the agent is purged" removes --purge taskey-agent
    check "the shipped policy stays once its owner has changed it" test -f "$root/etc/taskey/policy.d/10-default.toml"
    check "the server installs beside it" in_root sh -c 'dpkg -i /tmp/taskey_*.deb'
    check "the server is purged" removes --purge taskey
    check "and what is left is that policy alone" is "$(differences | tr '\n' ' ')" \
        "new: /etc/taskey new: /etc/taskey/policy.d new: /etc/taskey/policy.d/10-default.toml "
}

main
