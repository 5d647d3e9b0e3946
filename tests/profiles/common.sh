# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What the tests of the built-in profiles, and of the examples, share: a home and a project of their
# own, and checks.
# Sourced with SBX, the program; the working directory is the project then.
set -eu

work=$(mktemp -d)
unset TMPDIR  # a directory that is not inside, which sbx would warn of
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/home/project" "$work/run"
export HOME="$work/home" XDG_CONFIG_HOME="$work/none" XDG_RUNTIME_DIR="$work/run"
export SECRET_TOKEN=hunter2 LC_TOKEN=hunter3 LANG=C.UTF-8
cd "$HOME/project"
failures=0

fail() {
    echo "this does not hold: $*"
    failures=$((failures + 1))
}

# works COMMAND...: it must succeed, and refused COMMAND... must fail.
works() {
    "$@" >"$work/out" 2>&1 || {
        fail "$*"
        cat "$work/out"
    }
}
refused() {
    if "$@" >"$work/out" 2>&1; then fail "refused: $*"; fi
}

# printed WORDS: the last of these commands has printed WORDS.
printed() {
    grep -qF -e "$1" "$work/out" || {
        fail "the last command says \"$1\", and not:"
        cat "$work/out"
    }
}

# says WORDS COMMAND...: it succeeds, and prints WORDS.
says() {
    wanted=$1
    shift
    works "$@"
    grep -qF -e "$wanted" "$work/out" || {
        fail "$* says \"$wanted\", and not:"
        cat "$work/out"
    }
}

# refuses WORDS COMMAND...: sbx does not start COMMAND, and says WORDS.
refuses() {
    wanted=$1
    shift
    refused "$@"
    grep -qF -e "$wanted" "$work/out" || {
        fail "$* is refused with \"$wanted\", and not:"
        cat "$work/out"
    }
}

# listening PATH COMMAND...: COMMAND, while a program outside listens on the socket PATH.
listening() {
    socket=$1
    shift
    "$COMPOSITOR" listen "$socket" -- "$@"
}

# starts_apart PROFILE: it does not start where other programs have their sockets and files, but in
# a directory there that is the project's own.
starts_apart() {
    mkdir -p "$work/sticky/project" "$XDG_RUNTIME_DIR/project"
    chmod 1777 "$work/sticky"
    for shared in /tmp /var/tmp /dev/shm "$work/sticky" "$XDG_RUNTIME_DIR"; do
        cd "$shared"
        # The home of this test is below the first of them.
        refuses "where programs outside have sockets and files" \
            "$SBX" --profile "$1" --warning writable-home hide -- true
    done
    for own in "$work/sticky/project" "$XDG_RUNTIME_DIR/project"; do
        cd "$own"
        says "$own" "$SBX" --profile "$1" -- pwd
    done
    cd "$HOME/project"
}

# starts_in_projects PROFILE: it does not start in a directory of the system or in a home, where
# services and containers start, and changes nothing there.
starts_in_projects() {
    for system in / /etc /usr /usr/lib /proc /proc/sys /sys /run /var /var/lib /boot /dev; do
        if [ ! -d "$system" ] || [ ! -x "$system" ]; then continue; fi
        cd "$system"
        # The programs of /usr are there to read anyway.
        [ "$1" = shell ] && [ "$system" = /usr/lib ] && continue
        refuses "$system" "$SBX" --profile "$1" -- true
        printed "run sbx in the directory of a project"
    done
    for home in /home "$HOME"; do
        cd "$home"
        refuses "home director" "$SBX" --profile "$1" -- true
    done
    # Another one's, which root may enter.
    passwd_home=$(sed -n 's/^root:.*:\(\/[^:]*\):[^:]*$/\1/p' /etc/passwd)
    if [ "$(id -u)" = 0 ] && [ -d "$passwd_home" ]; then
        cd "$passwd_home"
        refuses "home directory" "$SBX" --profile "$1" -- true
    fi
    cd "$HOME/project"
    works "$SBX" --profile "$1" -- true
}

# The whole test passes when nothing failed.
finish() {
    [ "$failures" -eq 0 ] || exit 1
}
