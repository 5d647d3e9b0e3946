#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# quiet_test.sh SCRIPT NM LIBRARY LOUD-ARCHIVE OTHER-ARCHIVE: quiet.sh must find what prints or ends
# its program, and must fail when its tool does or says nothing.
set -eu

script=$1
nm=$2
library=$3
loud=$4
other=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# must_fail WORDS NM ARCHIVE
must_fail() {
    if "$script" "$2" "$3" >"$work/out" 2>&1; then
        echo "not noticed: $1"
        exit 1
    fi
    grep -qxF -e "$1" "$work/out" || { echo "not said: $1"; cat "$work/out"; exit 1; }
}

# fake_nm NAME: a tool that adds an undefined symbol to what the real one says of the library.
fake_nm() {
    printf '#!/bin/sh\n"%s" "$@"\necho "%s U         "\n' "$nm" "$1" >"$work/nm"
    chmod +x "$work/nm"
}

"$script" "$nm" "$library"
must_fail "$nm shows no symbols of the library in $other" "$nm" "$other"
must_fail "$nm failed on $work/nowhere.a" "$nm" "$work/nowhere.a"
must_fail "false failed on $library" false "$library"
must_fail "true shows no symbols of the library in $library" true "$library"

# What a compiler makes of real code.
for name in perror abort stderr _ZSt4cerr _ZSt4cout exit; do
    must_fail "$name" "$nm" "$loud"
done

for name in printf fprintf vfprintf dprintf __printf_chk __fprintf_chk __vfprintf_chk puts fputs \
    putchar fputc fwrite perror psignal warnx err error stdout stderr syslog __syslog_chk _exit \
    _Exit quick_exit atexit abort raise __assert_fail _ZSt4clog _ZSt5wcout \
    _ZNSt8ios_base4InitC1Ev; do
    fake_nm "$name"
    must_fail "$name" "$work/nm" "$library"
done
for name in snprintf vsnprintf __snprintf_chk sprintf error_text fputs_of strerror exit_text; do
    fake_nm "$name"
    "$script" "$work/nm" "$library"
done
