#!/bin/sh
# Makes two Debian packages from binaries that are built already: taskey (server and command line, with the agent that it gives to others) and taskey-agent.
#
#   deploy/deb/build.sh OUT_DIR [taskey] [taskey-agent]
#
# `cargo x package` builds the binaries and calls this. The same binaries, at the same commit, give the same bytes. Environment: TASKEY, TASKEYD (the binaries;
# default: those that it leaves in target/release and target/ARCHITECTURE-unknown-linux-musl/agent; the agent has to be static), DEB_SUFFIX (appended to the version, such as +local1), SOURCE_DATE_EPOCH (default: the last commit's time).
# Needs dpkg-deb, binutils and coreutils.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
taskey=${TASKEY:-$repository/target/release/taskey}
taskeyd=${TASKEYD:-$repository/target/$(uname -m)-unknown-linux-musl/agent/taskeyd}

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

main() {
    [ $# -ge 1 ] || fail "usage: build.sh OUT_DIR [taskey] [taskey-agent]"
    mkdir -p "$1"
    out=$(cd "$1" && pwd)
    shift
    packages=${*:-taskey taskey-agent}
    umask 022
    export LC_ALL=C TZ=UTC
    # How many processors compress may not show in the bytes.
    export DPKG_DEB_THREADS_MAX=1
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$repository" log -1 --format=%ct)}
    export SOURCE_DATE_EPOCH

    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP

    upstream=$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' "$repository/Cargo.toml")
    [ -n "$upstream" ] || fail "Cargo.toml has no version in [workspace.package]"
    # A pre-release sorts before its release.
    version=$(echo "$upstream" | sed 's/-/~/')${DEB_SUFFIX:-}

    # Copies, so that a build that goes on meanwhile cannot swap them between two looks.
    take_binary "$taskeyd" taskeyd
    [ -z "$(libraries_of "$work/taskeyd")" ] || fail "$taskeyd is not static; build it by \`cargo x package agent\`"
    for package in $packages; do
        case $package in
        taskey)
            take_binary "$taskey" taskey
            build_server
            ;;
        taskey-agent) build_agent ;;
        *) fail "there is no package $package" ;;
        esac
    done
}

# take_binary FILE NAME: copies it, and sees that it is the one it should be.
take_binary() {
    [ -f "$1" ] || fail "$1 does not exist; build it first"
    install -m 755 "$1" "$work/$2"
    said=$("$work/$2" --version) || fail "$1 does not run here"
    [ "$said" = "$2 $upstream" ] || fail "$1 says \"$said\", Cargo.toml says $upstream"
}

build_server() {
    root=$work/root-taskey
    install -D -m 755 "$work/taskey" "$root/usr/bin/taskey"
    install -D -m 644 "$here/../systemd/taskey.service" "$root/usr/lib/systemd/system/taskey.service"
    install -D -m 644 "$here/taskey/sysusers.conf" "$root/usr/lib/sysusers.d/taskey.conf"
    # It may come to hold the password of a database.
    install -D -m 600 "$here/taskey/server.env" "$root/etc/taskey/server.env"
    # For machines of the same kind; the owner adds those for others to the data folder.
    install -D -m 755 "$work/taskeyd" "$root/usr/share/taskey/agents/taskeyd-linux-$(uname_of "$work/taskeyd")"
    completion bash "$root/usr/share/bash-completion/completions/taskey"
    completion zsh "$root/usr/share/zsh/vendor-completions/_taskey"
    completion fish "$root/usr/share/fish/vendor_completions.d/taskey.fish"
    manual taskey 1 "$root"
    documents taskey "$root"
    pack taskey "$root" "$root/usr/bin/taskey"
}

build_agent() {
    root=$work/root-taskey-agent
    install -D -m 755 "$work/taskeyd" "$root/usr/bin/taskeyd"
    install -D -m 644 "$here/../systemd/taskeyd.service" "$root/usr/lib/systemd/system/taskeyd.service"
    install -D -m 644 "$here/taskey-agent/sysusers.conf" "$root/usr/lib/sysusers.d/taskey-agent.conf"
    install -D -m 644 "$here/../systemd/root.conf.example" "$root/usr/share/doc/taskey-agent/examples/root.conf"
    manual taskeyd 8 "$root"
    documents taskey-agent "$root"
    pack taskey-agent "$root" "$root/usr/bin/taskeyd"
}

completion() {
    mkdir -p "$(dirname "$2")"
    "$work/taskey" completion "$1" >"$2"
    [ -s "$2" ] || fail "taskey completion $1 says nothing"
}

# manual NAME SECTION ROOT: what --help says, as a page.
manual() {
    page=$3/usr/share/man/man$2/$1.$2
    mkdir -p "$(dirname "$page")"
    "$work/$1" --help >"$work/help"
    {
        echo ".TH $1 $2 $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d) \"$1 $upstream\""
        echo ".SH NAME"
        echo "$1 \\- $(sed -n 1p "$work/help" | roff)"
        echo ".SH DESCRIPTION"
        echo ".nf"
        sed 1,2d "$work/help" | roff
        echo ".fi"
        echo "Each command tells more by --help."
    } >"$page"
    gzip -9n "$page"
}

# Text without anything that roff would take for its own.
roff() {
    sed -e 's/\\/\\e/g' -e "s/^\\([.']\\)/\\\\\\&\\1/" -e 's/-/\\-/g'
}

documents() {
    folder=$2/usr/share/doc/$1
    install -D -m 644 "$here/copyright" "$folder/copyright"
    for guide in packages devices tls install containers; do
        install -m 644 "$repository/docs/guide/$guide.md" "$folder/$guide.md"
    done
    gzip -9n <"$repository/CHANGELOG.md" >"$folder/changelog.gz"
    chmod 644 "$folder/changelog.gz"
}

# pack PACKAGE ROOT BINARY
pack() {
    package=$1
    root=$2
    architecture=$(architecture_of "$3")
    if [ -n "$(libraries_of "$3")" ]; then
        minimum="glibc $(glibc_minimum "$3") or newer"
        depends="$(depends_of "$3"), "
    else
        minimum=static
        depends=""
    fi
    # Not by du, which counts folders as the file system of this machine has them.
    size=$(find "$root" -type f -printf '%s\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
    digests=$(grep -v '^#' "$here/taskey-agent/shipped-policies" | tr '\n' ' ' | sed 's/ $//')
    current=$(sha256sum <"$repository/crates/taskey-agent/policy/10-default.toml" | cut -d' ' -f1)
    case " $digests " in
    *" $current "*) ;;
    *) fail "the shipped policy $current is not in deploy/deb/taskey-agent/shipped-policies; add it" ;;
    esac

    mkdir "$root/DEBIAN"
    for file in "$here/$package"/control "$here/$package"/postinst "$here/$package"/prerm "$here/$package"/postrm; do
        name=$(basename "$file")
        sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@DEPENDS@/$depends/" -e "s/@INSTALLED_SIZE@/$size/" \
            -e "s/@SHIPPED_POLICIES@/$digests/" "$file" >"$root/DEBIAN/$name"
        ! grep -q '@[A-Z_]*@' "$root/DEBIAN/$name" || fail "$file: something is left to fill in"
        [ "$name" = control ] || chmod 755 "$root/DEBIAN/$name"
    done
    if [ -d "$root/etc" ]; then
        (cd "$root" && find etc -type f | sort | sed 's|^|/|') >"$root/DEBIAN/conffiles"
    fi
    (cd "$root" && find usr -type f | sort | xargs md5sum) >"$root/DEBIAN/md5sums"
    find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

    dpkg-deb --root-owner-group -Zxz --build "$root" "$out/${package}_${version}_$architecture.deb" >/dev/null
    echo "$out/${package}_${version}_$architecture.deb: $minimum${depends:+; Depends: ${depends%, }}"
}

# From the head of the ELF file, not from this machine.
architecture_of() {
    case $(od -An -tx1 -j18 -N2 "$1" | tr -d ' ') in
    3e00) echo amd64 ;;
    b700) echo arm64 ;;
    f300) echo riscv64 ;;
    *) fail "$1 is for a machine that this script does not know" ;;
    esac
}

# The same, as the kernel says it.
uname_of() {
    case $(architecture_of "$1") in
    amd64) echo x86_64 ;;
    arm64) echo aarch64 ;;
    *) architecture_of "$1" ;;
    esac
}

libraries_of() {
    objdump -p "$1" | sed -n 's/^ *NEEDED *//p'
}

# The newest version of a glibc symbol that the binary asks for.
glibc_minimum() {
    found=$(objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV | tail -n 1)
    [ -n "$found" ] || fail "$1 names no version of glibc"
    echo "$found"
}

# depends_of BINARY: the packages of the libraries that the binary names. One that is not known here is an error, so that none is forgotten.
depends_of() {
    libraries_of "$1" >"$work/needed"
    needs="libc6 (>= $(glibc_minimum "$1"))"
    while read -r library; do
        case $library in
        libc.so.* | libm.so.* | ld-linux-*) ;;
        libgcc_s.so.1) needs="$needs, libgcc-s1 (>= 4.2)" ;;
        *) fail "$1 needs $library, and build.sh does not know which package has it" ;;
        esac
    done <"$work/needed"
    echo "$needs"
}

main "$@"
