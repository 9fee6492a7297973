# For packages.sh and booted.sh, which run in name spaces of their own: the throw-away root, and checks.
# shellcheck shell=sh disable=SC2034

failures=0

# check WHAT COMMAND...
check() {
    what=$1
    shift
    if "$@" >"$WORK/check.out" 2>&1; then
        echo "ok  $what"
    else
        echo "FAILED  $what"
        sed 's/^/        /' "$WORK/check.out"
        failures=$((failures + 1))
    fi
}

is() {
    [ "$1" = "$2" ] || {
        echo "is: $1"
        echo "should be: $2"
        return 1
    }
}

not() {
    ! "$@"
}

# A copy of the machine at $root, whose changes gather in $upper.
fresh_root() {
    upper=$WORK/layers/upper
    root=$WORK/layers/root
    umount -R "$root" 2>/dev/null || true
    umount "$WORK/layers" 2>/dev/null || true
    mount -t tmpfs -o mode=755 layers "$WORK/layers"
    mkdir "$upper" "$WORK/layers/work" "$root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$upper,workdir=$WORK/layers/work" "$root" || {
        echo "FAILED  no overlay can be mounted over /"
        exit 1
    }
    mount_proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t tmpfs -o mode=755 run "$root/run"
    # In memory, and so no part of the comparison.
    mount -t tmpfs -o mode=1777 tmp "$root/tmp"
    mount -t tmpfs -o mode=755,dev dev "$root/dev"
    for node in null zero full random urandom tty; do
        : >"$root/dev/$node"
        mount --bind "/dev/$node" "$root/dev/$node"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
    ln -s /proc/self/fd "$root/dev/fd"
    cp "$WORK"/first/*.deb "$root/tmp/"
    mkdir "$root/tmp/next"
    cp "$WORK"/next/*.deb "$root/tmp/next/"
}

# The settings of the kernel can be read there, and not written: they are all the machine's.
mount_proc() {
    mount -t proc proc "$1"
    mount --bind "$1/sys" "$1/sys"
    mount -o remount,bind,ro "$1/sys"
}

# Everything in which the copy differs from the machine, times of change aside, a line each. Left out: what dpkg, man-db and the tools for users
# write down about their own work.
differences() {
    find "$upper" -mindepth 1 | sort | while read -r changed; do
        path=${changed#"$upper"}
        case $path in
        /var/lib/dpkg | /var/lib/dpkg/* | /var/log/dpkg.log | /var/cache/man | /var/cache/man/*) continue ;;
        /etc/passwd- | /etc/shadow- | /etc/group- | /etc/gshadow- | /etc/.pwd.lock) continue ;;
        esac
        if [ -c "$changed" ] && [ "$(stat -c %t,%T "$changed")" = 0,0 ]; then
            echo "gone: $path"
        elif [ ! -e "$path" ] && [ ! -L "$path" ]; then
            echo "new: $path"
        elif [ "$(stat -c '%F %a %u:%g' "$changed")" != "$(stat -c '%F %a %u:%g' "$path")" ]; then
            echo "other owner or mode: $path"
        elif [ -L "$changed" ]; then
            [ "$(readlink "$changed")" = "$(readlink "$path")" ] || echo "other: $path"
        elif [ -f "$changed" ]; then
            cmp -s "$changed" "$path" || echo "other: $path"
        fi
    done
}

no_differences() {
    differences >"$WORK/differences"
    [ ! -s "$WORK/differences" ] || {
        cat "$WORK/differences"
        return 1
    }
}

mode_of() {
    chroot "$root" stat -c '%a %U:%G' "$1" 2>&1
}
