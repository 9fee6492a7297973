#!/bin/sh
# Builds both packages and tests them on this machine without touching it.
#
#   sudo deploy/deb/test.sh
#
# Everything is installed into a throw-away copy of the machine: an overlay over / in name spaces of its own, whose upper side is memory. What the upper
# side holds at the end is the whole difference that the packages have made. test/packages.sh checks them with dpkg alone, test/booted.sh under a systemd
# that is started in there, with a server, an agent and the three commands of docs/guide/packages.md; where that cannot be started, it says so and
# fails, unless TASKEY_TEST_BOOTED=no. test/script.sh does the same with install.sh
# instead of the agent's package; test/bare.sh runs it with nothing but busybox, and the agent in a root that holds nothing but it.
#
# Needs root, overlayfs, a Debian or Ubuntu with systemd, curl, busybox-static, and what build.sh needs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || {
    echo "test.sh: needs root, for name spaces and an overlay" >&2
    exit 1
}

main() {
    work=$(mktemp -d /tmp/taskey-deb.XXXXXX)
    inside=""
    trap 'clean_up' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP

    failed=0
    build || exit 1
    in_name_spaces "$here/test/packages.sh" || failed=1
    in_name_spaces "$here/test/bare.sh" || failed=1
    if [ "${TASKEY_TEST_BOOTED:-yes}" = no ]; then
        echo "-- not tested under systemd, as asked"
    else
        own_control_group
        in_name_spaces "$here/test/booted.sh" || failed=1
        in_name_spaces "$here/test/script.sh" || failed=1
    fi
    if [ "$failed" = 0 ]; then echo "all checks passed"; else echo "CHECKS HAVE FAILED"; fi
    exit "$failed"
}

# The packages, an update to them, and each a second time elsewhere: the bytes must be the same.
build() {
    echo "-- building"
    cp "${TASKEY:-$here/../../target/release/taskey}" "$work/taskey-binary"
    cp "${TASKEYD:-$here/../../target/$(uname -m)-unknown-linux-musl/agent/taskeyd}" "$work/taskeyd-binary"
    export TASKEY="$work/taskey-binary" TASKEYD="$work/taskeyd-binary"
    "$here/build.sh" "$work/first"
    mkdir "$work/elsewhere"
    (umask 077 && TMPDIR="$work/elsewhere" "$here/build.sh" "$work/again" >/dev/null)
    for package in "$work"/first/*.deb; do
        cmp "$package" "$work/again/$(basename "$package")" || return 1
    done
    echo "ok  the same bytes twice"
    DEB_SUFFIX=+next1 "$here/build.sh" "$work/next" >/dev/null
}

# A process that is killed takes all that it has started with it: it is the first of its own process table.
in_name_spaces() {
    mkdir -p "$work/layers"
    HERE="$here" WORK="$work" unshare --mount --propagation private --pid --fork --kill-child --net --uts --ipc --cgroup \
        sh "$1" &
    inside=$!
    wait "$inside" && code=0 || code=$?
    inside=""
    return "$code"
}

# systemd puts what it starts into control groups; they go below one that is ours to remove.
own_control_group() {
    mounted=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    group=$mounted$(sed -n 's/^0:://p' /proc/self/cgroup)/taskey-deb-$$
    if [ -n "$mounted" ] && mkdir "$group"; then
        export TASKEY_TEST_GROUP="$group"
    fi
}

clean_up() {
    trap - EXIT
    trap '' INT TERM HUP
    if [ -n "$inside" ]; then
        kill -KILL "$inside" 2>/dev/null || true
        wait "$inside" 2>/dev/null || true
    fi
    if [ -n "${TASKEY_TEST_GROUP:-}" ]; then
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            find "$TASKEY_TEST_GROUP" -depth -type d -exec rmdir {} + 2>/dev/null || true
            [ -d "$TASKEY_TEST_GROUP" ] || break
            sleep 0.2
        done
        [ ! -d "$TASKEY_TEST_GROUP" ] || echo "test.sh: $TASKEY_TEST_GROUP could not be removed" >&2
    fi
    rm -rf "$work"
}

main "$@"
