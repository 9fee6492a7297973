# Where there is no systemd: install.sh with nothing but busybox, as on Alpine, and the agent in a root that holds nothing but it.
# shellcheck shell=sh
set -eu
. "$HERE/test/lib.sh"

SERVER=http://127.0.0.1:8080

main() {
    fresh_root
    ip link set lo up
    busybox=$(command -v busybox) || {
        echo "FAILED  busybox is needed here: apt-get install busybox-static"
        exit 1
    }
    a_server
    echo "-- install.sh with busybox alone"
    with_busybox
    echo "-- the agent in a root that holds nothing but it"
    in_a_bare_root
    [ "$failures" = 0 ]
}

a_server() {
    in_root sh -c 'dpkg -i /tmp/taskey_*.deb' >/dev/null
    in_root taskey serve --data /run/data >"$WORK/serve.out" 2>"$WORK/serve.err" &
    within_10_s grep -q '^ready: ' "$WORK/serve.out"
    code=$(sed -n 's/^set-up code: //p' "$WORK/serve.out")
    in_root sh -c "echo correct-horse-battery | taskey setup --server $SERVER --code $code --organization Acme --username ann --password-stdin" >/dev/null 2>&1
    token=$(in_root taskey enroll-tokens create --uses 5 -o name)
}

within_10_s() {
    tries=100
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

in_root() {
    chroot "$root" env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/run TASKEY_CONFIG=/run/taskey.toml "$@"
}

# The script finds only what busybox has, and the two programs that Debian's busybox is built without.
with_busybox() {
    mkdir "$root/run/applets"
    "$busybox" --install -s "$root/run/applets"
    cp "$busybox" "$root/run/busybox"
    for applet in "$root"/run/applets/*; do ln -sf /run/busybox "$applet"; done
    ln -s /usr/sbin/useradd /usr/sbin/userdel "$root/run/applets/"
    before=$(differences)
    in_busybox wget -q -O /run/install.sh "$SERVER/install.sh"
    check "it installs and enrols" in_busybox env TASKEY_ENROLL_TOKEN="$token" sh /run/install.sh --yes --name alpine
    check "the user is made" is "$(in_root getent passwd taskey | cut -d: -f5-6)" "taskey executions (by install.sh):/var/lib/taskey"
    check "its home is its own" is "$(mode_of /var/lib/taskey)" "750 taskey:taskey"
    in_root taskeyd run >/dev/null 2>&1 &
    agent=$!
    check "the agent is online" within_10_s runs alpine true
    check "a command runs as taskey" is "$(runs alpine id -un)" taskey
    check "an agent that runs is not removed" not in_busybox sh /run/install.sh --uninstall --yes
    in_root pkill -x taskeyd || true
    wait "$agent" || true
    check "it is removed" in_busybox sh /run/install.sh --uninstall --purge --yes
    check "the machine is as it was before" is "$(differences | grep -v '^other: /etc/\(passwd\|group\|shadow\|gshadow\)$')" "$(echo "$before" | grep -v '^other: /etc/\(passwd\|group\|shadow\|gshadow\)$')"
    check "no user is left" is "$(in_root getent passwd taskey)$(in_root getent group taskey)" ""
}

in_busybox() {
    chroot "$root" /run/busybox env -i PATH=/run/applets /run/busybox setsid /run/busybox "$@"
}

runs() {
    device=$1
    shift
    in_root taskey exec --device "$device" --timeout 20s -- "$@"
}

# No C library, no loader, no shell but busybox: it stands for every distribution that has other ones than ours.
in_a_bare_root() {
    bare=$WORK/bare
    mkdir "$bare"
    mount -t tmpfs bare "$bare"
    mkdir "$bare/bin" "$bare/etc" "$bare/proc" "$bare/dev" "$bare/tmp"
    chmod 1777 "$bare/tmp"
    cp "$TASKEYD" "$bare/bin/taskeyd"
    cp "$busybox" "$bare/bin/sh"
    printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$bare/etc/passwd"
    cp /etc/resolv.conf "$bare/etc/" 2>/dev/null || true
    mount_proc "$bare/proc"
    : >"$bare/dev/null"
    mount --bind /dev/null "$bare/dev/null"
    check "it says its version" chroot "$bare" /bin/taskeyd --version
    check "it enrols" sh -c "echo '$token' | chroot '$bare' /bin/taskeyd enroll --server $SERVER --token-file - --name bare"
    chroot "$bare" /bin/taskeyd run >"$WORK/bare.out" 2>&1 &
    agent=$!
    check "it is online" within_10_s runs bare /bin/sh -c true
    check "a command runs, as nobody where there is no taskey" is "$(runs bare /bin/sh -c 'echo "$USER"')" nobody
    check "doctor finds nothing that has to be done" chroot "$bare" /bin/taskeyd doctor
    kill "$agent"
    wait "$agent" || true
}

main
