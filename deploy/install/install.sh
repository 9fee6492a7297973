#!/bin/sh
# Installs the agent of taskey on this machine, upgrades it, and takes it away again. A taskey server serves this script at /install.sh and fills in what
# stands below: its address, the digests of the agents that it has, the unit and the policy. The binary is checked against the digest; whom the script
# itself is to be believed from is a matter of how it came here (docs/guide/install.md).
#
#   sh install.sh [--yes] [--name NAME] [--token-file FILE] [--prefix DIR]
#   sh install.sh --uninstall [--purge] [--yes] [--prefix DIR]
#
# Root is needed, unless --prefix is given. It says what it will do and asks, or needs --yes. The token is asked for on the terminal, or read from --token-file or the variable
# TASKEY_ENROLL_TOKEN; it never stands in an argument. A second run upgrades. What fails is undone, or it is said what was left.
set -eu
umask 022

SERVER='@SERVER@'
VERSION='@VERSION@'
SHA256_X86_64='@SHA256_X86_64@'
SHA256_AARCH64='@SHA256_AARCH64@'
SHIPPED_POLICIES='@SHIPPED_POLICIES@'
# yes: the server shows a certificate under a root of its own.
OWN_ROOT='@OWN_ROOT@'

print_root() {
    cat <<'END_OF_ROOT'
@ROOT@
END_OF_ROOT
}

print_policy() {
    cat <<'END_OF_POLICY'
@POLICY@
END_OF_POLICY
}

print_unit() {
    cat <<'END_OF_UNIT'
@UNIT@
END_OF_UNIT
}

# By this the user is known again when it is to be removed.
USER_COMMENT="taskey executions (by install.sh)"
ONLINE_WITHIN_S=30

action=install
yes=no
purge=no
name=""
prefix=""
token=""
token_file=""
# What has to be undone if this fails, the newest first.
undo=""
work=""
terminal_settings=""
# A child has no use for it.
token_in_environment=${TASKEY_ENROLL_TOKEN:-}
unset TASKEY_ENROLL_TOKEN

main() {
    read_arguments "$@"
    settle_places
    trap 'clean_up' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [ "$action" = install ]; then install_agent; else uninstall_agent; fi
}

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        --yes | -y) yes=yes ;;
        --uninstall) action=uninstall ;;
        --purge) purge=yes ;;
        --name | --token-file | --prefix)
            if [ $# -lt 2 ] || [ -z "$2" ]; then fail "$1 needs a value"; fi
            case $1 in
            --name) name=$2 ;;
            --token-file) token_file=$2 ;;
            --prefix) prefix=$2 ;;
            esac
            shift
            ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) fail "$1 is not known here; --help says what is" ;;
        esac
        shift
    done
    [ "$purge" = no ] || [ "$action" = uninstall ] || fail "--purge goes with --uninstall"
}

usage() {
    cat <<'END_OF_USAGE'
sh install.sh [OPTIONS]               installs the agent of taskey and enrols this machine; run again, it upgrades
sh install.sh --uninstall [OPTIONS]   takes away what it has installed

  --yes              do it without asking
  --name NAME        the device's name; without it, the machine's
  --token-file FILE  the file with the enrolment token; without it TASKEY_ENROLL_TOKEN, or it is asked for on the terminal
  --prefix DIR       everything below DIR: no root, no user, no unit of systemd; nothing is started
  --purge            with --uninstall: state, policy and user too
END_OF_USAGE
}

settle_places() {
    if [ -n "$prefix" ]; then
        case $prefix in
        /*[!/]*) prefix=${prefix%/} ;;
        *) fail "--prefix: $prefix is not a path from / to a folder of its own" ;;
        esac
        binary=$prefix/bin/taskeyd
        state=$prefix/state
        policy=$state/policy.d
        note=$prefix/share/taskey-agent/installed
        unit="" home=""
        return
    fi
    [ "$(id -u)" = 0 ] || fail "this needs root: run it by sudo, or install for yourself alone by --prefix DIR"
    binary=/usr/local/bin/taskeyd
    state=/var/lib/taskey-agent
    policy=/etc/taskey/policy.d
    note=/usr/local/share/taskey-agent/installed
    home=/var/lib/taskey
    unit=""
    if [ -d /run/systemd/system ]; then unit=/etc/systemd/system/taskeyd.service; fi
    # shellcheck disable=SC2016
    if has dpkg-query && [ "$(dpkg-query -W -f '${Status}' taskey-agent 2>/dev/null)" = "install ok installed" ]; then
        fail "the package taskey-agent is installed here, and apt takes care of it: apt install ./taskey-agent_VERSION.deb, apt remove taskey-agent"
    fi
}

# --- installing ---

install_agent() {
    find_agent
    find_tools
    is_upgrade=no is_enrolled=no was_active=no was_connected=no has_policy=no
    if [ -e "$state/identity.json" ]; then is_enrolled=yes; fi
    if [ -n "$(ls "$policy" 2>/dev/null)" ]; then has_policy=yes; fi
    if [ -e "$note" ]; then
        is_upgrade=yes
    else
        for path in "$binary" $unit; do
            [ ! -e "$path" ] || fail "$path is there, and not by this script; remove it first"
        done
    fi
    if [ -n "$unit" ] && systemctl is-active --quiet taskeyd 2>/dev/null; then was_active=yes; fi
    if [ -x "$binary" ] && is_online; then was_connected=yes; fi

    tell_plan
    confirm "Go on?"
    if [ "$is_enrolled" = no ]; then obtain_token; fi

    work=$(mktemp -d)
    changed=no
    place_binary
    place_note
    if [ -z "$prefix" ]; then make_user; fi
    if [ -n "$unit" ]; then place_unit; fi
    if [ "$is_enrolled" = no ]; then enroll; fi
    if [ -n "$unit" ]; then start_agent; fi
    undo=""
    rm -f "$binary.old"
    tell_outcome
}

find_agent() {
    [ "$(uname -s)" = Linux ] || fail "taskeyd is for Linux, and this is $(uname -s)"
    architecture=$(uname -m)
    case $architecture in
    x86_64 | amd64) architecture=x86_64 digest=$SHA256_X86_64 ;;
    aarch64 | arm64) architecture=aarch64 digest=$SHA256_AARCH64 ;;
    *) fail "there is no taskeyd for $architecture; it can be built from its source" ;;
    esac
    [ -n "$digest" ] || fail "$SERVER has no taskeyd for $architecture. Put taskeyd-linux-$architecture into its folder of agents, or install the package taskey-agent"
}

find_tools() {
    has curl || has wget || fail "neither curl nor wget is here; install one of them"
    has sha256sum || has shasum || has openssl || fail "neither sha256sum nor openssl is here to check the binary with; install one of them"
    has mktemp || fail "mktemp is not here; install coreutils or busybox"
}

tell_plan() {
    if [ "$is_upgrade" = yes ]; then
        say "This brings taskeyd, the agent of taskey, on this machine to version $VERSION."
    else
        say "This installs taskeyd $VERSION, the agent of taskey, on this machine."
    fi
    say ""
    say "  server     $SERVER"
    say "  binary     $binary, from $SERVER/install/taskeyd-linux-$architecture"
    say "             SHA-256 $digest"
    say "  state      $state"
    if [ "$is_enrolled" = yes ]; then
        say "  enrolment  stays as it is, with $(enrolled_at)"
    else
        say "  enrolment  with a token, as ${name:-$(uname -n)}"
    fi
    tell_user
    if [ -n "$unit" ]; then
        say "  unit       $unit"
        if [ "$is_upgrade" = no ]; then
            say "             enabled and started"
        elif [ "$was_active" = yes ]; then
            say "             started anew; what the agent runs at that moment is ended and told as cancelled"
        fi
    else
        say "  unit       none: nothing is started here, you are told the command"
    fi
    if [ "$has_policy" = yes ]; then
        say "  policy     yours in $policy stays"
    else
        say "  policy     $policy/10-default.toml, yours to change:"
        print_policy | sed -n 's/^[a-z]/                 &/p'
    fi
    say ""
    say "Whoever may start tasks on that server can run commands on this machine, as far as the policy lets them."
    say ""
}

tell_user() {
    if [ -n "$prefix" ]; then
        if [ "$(id -u)" = 0 ]; then
            say "  user       none is made"
        else
            say "  user       none is made: commands run as $(id -un)"
        fi
    elif grep -q '^taskey:' /etc/passwd; then
        say "  user       taskey, which is there; commands run as it"
    else
        say "  user       taskey, made now, its home $home; commands run as it"
    fi
}

enrolled_at() {
    sed -n 's/.*"server_url": *"\([^"]*\)".*/\1/p' "$state/identity.json"
}

obtain_token() {
    if [ -n "$token_file" ]; then
        token=$(cat "$token_file") || fail "the token cannot be read; nothing was changed"
    elif [ -n "$token_in_environment" ]; then
        token=$token_in_environment
    elif has_terminal; then
        terminal_settings=$(stty -g </dev/tty)
        stty -echo </dev/tty
        printf 'The enrolment token (it is not shown): ' >/dev/tty
        read -r token </dev/tty || token=""
        restore_terminal
        echo >/dev/tty
    else
        fail "there is no terminal to ask for the token on; give --token-file FILE or set TASKEY_ENROLL_TOKEN. Nothing was changed"
    fi
    case $token in
    enr_?*.?*) ;;
    *) fail "this is no enrolment token; make one by \`taskey enroll-tokens create\`. Nothing was changed" ;;
    esac
}

# The binary is written beside its place, so that what is there is whole at every moment.
place_binary() {
    if [ -e "$binary" ] && [ "$(digest_of "$binary")" = "$digest" ]; then return 0; fi
    mkdir -p "$(dirname "$binary")"
    add_undo folders
    advice=""
    if ! has curl; then advice="; install curl if wget does not get on with its TLS"; fi
    download "$SERVER/install/taskeyd-linux-$architecture" "$binary.new" || fail "the binary could not be fetched from $SERVER$advice"
    found=$(digest_of "$binary.new")
    [ "$found" = "$digest" ] ||
        fail "what came from $SERVER is not the binary that this script knows (SHA-256 $found); fetch the script anew, and beware if that does not help"
    chmod 755 "$binary.new"
    said=$("$binary.new" --version) || fail "the binary does not run on this machine"
    [ "$said" = "taskeyd $VERSION" ] || fail "the binary says that it is \"$said\""
    if [ -e "$binary" ]; then
        ln -f "$binary" "$binary.old"
        add_undo old-binary
    else
        add_undo binary
    fi
    mv -f "$binary.new" "$binary"
    changed=yes
}

# download URL FILE
download() {
    if [ "$OWN_ROOT" = yes ]; then print_root >"$work/root.crt"; fi
    if has curl; then
        set -- -fsS --connect-timeout 20 -o "$2" "$1"
        if [ "$OWN_ROOT" = yes ]; then set -- --cacert "$work/root.crt" "$@"; fi
        curl "$@"
        return
    fi
    set -- -q -O "$2" "$1"
    if [ "$OWN_ROOT" = yes ] && wget --version 2>/dev/null | grep -q GNU; then
        set -- --ca-certificate="$work/root.crt" "$@"
    elif [ "$OWN_ROOT" = yes ]; then
        say "this wget cannot be told whom to trust; the SHA-256 above is what the binary is held against"
        set -- --no-check-certificate "$@"
    fi
    wget "$@"
}

digest_of() {
    if has sha256sum; then
        digest_line=$(sha256sum <"$1")
    elif has shasum; then
        digest_line=$(shasum -a 256 <"$1")
    else
        digest_line=$(openssl dgst -sha256 -r <"$1")
    fi
    echo "${digest_line%% *}"
}

# What tells this script's doing from anybody else's.
place_note() {
    mkdir -p "$(dirname "$note")"
    if [ "$is_upgrade" = no ]; then add_undo note; fi
    echo "taskeyd $VERSION, by install.sh of $SERVER" >"$note"
}

make_user() {
    grep -q '^taskey:' /etc/passwd && return 0
    add_undo user
    shell=/bin/false
    for nologin in /sbin/nologin /usr/sbin/nologin; do
        if [ -x "$nologin" ]; then shell=$nologin; fi
    done
    if has useradd; then
        group=--user-group
        if grep -q '^taskey:' /etc/group; then group=--gid=taskey; fi
        useradd --system "$group" --home-dir "$home" --no-create-home --shell "$shell" --comment "$USER_COMMENT" taskey
    elif has adduser && has addgroup; then
        grep -q '^taskey:' /etc/group || addgroup -S taskey
        adduser -S -D -H -h "$home" -s "$shell" -g "$USER_COMMENT" -G taskey taskey
    else
        fail "neither useradd nor adduser is here to make the user taskey with; make it yourself and start again"
    fi
    if [ ! -e "$home" ]; then
        mkdir -m 750 "$home"
        chown taskey:taskey "$home"
    fi
}

place_unit() {
    print_unit >"$work/unit"
    if [ -e "$unit" ] && [ "$(cat "$unit")" = "$(cat "$work/unit")" ]; then return 0; fi
    if [ -e "$unit" ]; then
        cp "$unit" "$work/old-unit"
        add_undo old-unit
    else
        add_undo unit
    fi
    cp "$work/unit" "$unit.new"
    mv -f "$unit.new" "$unit"
    systemctl daemon-reload
    changed=yes
}

enroll() {
    if [ ! -e "$state" ]; then add_undo state; fi
    if [ "$has_policy" = no ]; then add_undo policy; fi
    set --
    if [ -n "$name" ]; then set -- --name "$name"; fi
    # By standard input: arguments can be read by every user of the machine.
    agent enroll --server "$SERVER" --token-file - "$@" <<END_OF_TOKEN || fail "the machine could not be enrolled"
$token
END_OF_TOKEN
    # The server knows the device from here on; to undo all this is no longer for this script to decide.
    undo=""
}

start_agent() {
    if [ "$is_upgrade" = no ] || [ "$is_enrolled" = no ]; then
        systemctl enable taskeyd >/dev/null 2>&1 || fail "the machine is enrolled and taskeyd installed, but systemctl enable taskeyd failed"
        systemctl restart taskeyd || fail "the machine is enrolled and taskeyd installed, but it does not start; look at: journalctl -u taskeyd"
        wait_until_online ||
            fail "the machine is enrolled and taskeyd started, but it was not online within $ONLINE_WITHIN_S s; look at: $binary status, $binary doctor, journalctl -u taskeyd"
    elif [ "$was_active" = yes ] && [ "$changed" = yes ]; then
        systemctl restart taskeyd || fail "the new version does not start"
        if [ "$was_connected" = yes ]; then wait_until_online || fail "the new version was not online within $ONLINE_WITHIN_S s"; fi
    fi
}

wait_until_online() {
    tries=$ONLINE_WITHIN_S
    while [ "$tries" -gt 0 ]; do
        if is_online; then return 0; fi
        tries=$((tries - 1))
        sleep 1
    done
    return 1
}

is_online() {
    agent status -o json 2>/dev/null | grep -q '"connected": true'
}

# taskeyd, with the state folder where it is not in its usual place.
agent() {
    if [ -n "$prefix" ]; then set -- "$@" --state "$state"; fi
    "$binary" "$@"
}

tell_outcome() {
    # The whole path: not every sudo finds /usr/local/bin.
    shown=$binary shown_state="" shown_prefix=""
    if [ -n "$prefix" ]; then shown="'$binary'" shown_state=" --state '$state'" shown_prefix=" --prefix '$prefix'"; fi
    say ""
    if [ "$is_upgrade" = yes ] && [ "$changed" = no ]; then
        say "taskeyd $VERSION was there already; nothing was changed."
    elif [ "$is_upgrade" = yes ]; then
        say "taskeyd $VERSION is in place."
    elif [ -n "$unit" ]; then
        say "taskeyd $VERSION is installed, enrolled, and online."
    else
        say "taskeyd $VERSION is installed and enrolled. It does not run yet; start it, and have it started with the machine, by:"
        say "  $shown run$shown_state"
    fi
    say ""
    say "  how it stands   $shown status$shown_state"
    say "  what is wrong   $shown doctor$shown_state"
    if [ -n "$unit" ]; then say "  its log         journalctl -u taskeyd"; fi
    say "  its policy      $policy"
    say "  to remove it    sh install.sh --uninstall$shown_prefix"
}

# --- uninstalling ---

uninstall_agent() {
    is_installed=no
    if [ -e "$note" ]; then
        is_installed=yes
    elif [ -e "$binary" ]; then
        fail "$binary was not put there by this script, so it is not removed"
    fi
    if [ "$is_installed" = no ] && { [ "$purge" = no ] || [ ! -e "$state" ]; }; then
        say "There is nothing here that this script has installed."
        return 0
    fi
    tell_removal
    confirm "Go on?"
    if [ -n "$unit" ] && [ -e "$unit" ]; then
        systemctl disable --now taskeyd >/dev/null 2>&1 || fail "systemctl disable --now taskeyd failed; nothing else was changed"
    fi
    if [ -x "$binary" ] && agent status -o json 2>/dev/null | grep -q '"running": true'; then
        fail "taskeyd runs, and was not started by systemd; end it first"
    fi
    if [ "$is_installed" = yes ]; then
        rm -f "$binary" "$binary.old" "$note"
        if [ -n "$unit" ]; then
            rm -f "$unit"
            systemctl daemon-reload
        fi
    fi
    if [ "$purge" = yes ]; then
        remove_policy
        rm -rf "$state"
        remove_user
    fi
    remove_folders
    say ""
    say "taskeyd is gone from this machine. On the server's side the device is removed by: taskey devices rm NAME"
}

tell_removal() {
    say "This takes taskeyd away from this machine."
    say ""
    if [ "$is_installed" = yes ]; then
        if [ -n "$unit" ]; then say "  stopped    taskeyd.service; what it runs is ended"; fi
        say "  removed    $binary"
        if [ -n "$unit" ]; then say "  removed    $unit"; fi
    fi
    if [ "$purge" = no ]; then
        say "  kept       $state and $policy${home:+, the user taskey}; --purge takes them too"
    else
        say "  removed    $state, with the keys of this device"
        if [ -n "$home" ]; then say "  removed    the user taskey with $home, if install.sh has made it"; fi
        if [ -z "$prefix" ]; then say "  removed    the shipped policy; one that you have changed or added stays"; fi
    fi
    say ""
}

# Below a prefix it lies in the state folder and goes with that.
remove_policy() {
    shipped=$policy/10-default.toml
    [ -f "$shipped" ] && [ -z "$prefix" ] || return 0
    found=$(digest_of "$shipped") || found=""
    case " $SHIPPED_POLICIES " in
    *" $found "*) rm -f "$shipped" ;;
    *) say "$shipped is not the shipped policy any more; it stays" ;;
    esac
}

remove_user() {
    [ -n "$home" ] && grep -qF ":$USER_COMMENT:" /etc/passwd || return 0
    rm -rf "$home"
    if has userdel; then
        userdel taskey || say "the user taskey could not be removed; do it by: userdel taskey"
    else
        deluser taskey || say "the user taskey could not be removed; do it by: deluser taskey"
    fi
}

# Those that are empty.
remove_folders() {
    rmdir "$(dirname "$note")" 2>/dev/null || true
    if [ -n "$prefix" ]; then
        rmdir "$prefix/share" "$prefix/bin" 2>/dev/null || true
        rmdir "$prefix" 2>/dev/null || true
    else
        rmdir "$policy" 2>/dev/null || true
        rmdir "$(dirname "$policy")" 2>/dev/null || true
    fi
}

# --- whatever happens ---

add_undo() {
    undo="$1 $undo"
}

clean_up() {
    code=$?
    trap - EXIT
    trap '' INT TERM HUP
    set +e
    restore_terminal
    rm -f "$binary.new"
    if [ "$code" != 0 ] && [ -n "$undo" ]; then roll_back; fi
    if [ -n "$work" ]; then rm -rf "$work"; fi
    exit "$code"
}

roll_back() {
    for step in $undo; do
        case $step in
        binary) rm -f "$binary" ;;
        old-binary) mv -f "$binary.old" "$binary" ;;
        note) rm -f "$note" ;;
        user) remove_user ;;
        unit)
            systemctl disable --now taskeyd >/dev/null 2>&1 || true
            rm -f "$unit" "$unit.new"
            systemctl daemon-reload || true
            ;;
        old-unit)
            cp "$work/old-unit" "$unit"
            systemctl daemon-reload || true
            ;;
        policy) remove_policy ;;
        state) rm -rf "$state" ;;
        esac
    done
    remove_folders
    if [ "$was_active" = yes ] && [ "$changed" = yes ]; then systemctl restart taskeyd || true; fi
    if [ "$is_upgrade" = yes ] && [ "$changed" = no ]; then
        echo "install.sh: nothing was changed" >&2
    elif [ "$is_upgrade" = yes ]; then
        echo "install.sh: the version that was here is back in its place" >&2
    else
        echo "install.sh: what had been done so far is undone" >&2
    fi
}

restore_terminal() {
    if [ -n "$terminal_settings" ]; then stty "$terminal_settings" </dev/tty; fi
    terminal_settings=""
}

confirm() {
    [ "$yes" = no ] || return 0
    has_terminal || fail "there is no terminal to ask on; say --yes if this is what you want. Nothing was changed"
    printf '%s [y/N] ' "$1" >/dev/tty
    read -r answer </dev/tty || answer=""
    case $answer in
    y | Y | yes | Yes) ;;
    *) fail "nothing was changed" ;;
    esac
}

has_terminal() {
    (: </dev/tty >/dev/tty) 2>/dev/null
}

has() {
    command -v "$1" >/dev/null 2>&1
}

say() {
    printf '%s\n' "$1"
}

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit 1
}

# The last line, so that half a script does nothing.
main "$@"
