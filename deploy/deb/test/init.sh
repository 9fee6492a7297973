# The first process of booted.sh's name space: makes the throw-away root ($1) its own, and becomes systemd.
# shellcheck shell=sh
set -eu
. "$HERE/test/lib.sh"

mount_proc "$1/proc"
mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
cd "$1"
mkdir run/old
pivot_root . run/old
umount -l /run/old
rmdir /run/old
exec env -i container=taskey-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd --unit=multi-user.target --log-target=console --log-level=notice
