#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# quiet.sh NM ARCHIVE: fails when ARCHIVE, the library, reaches what prints to standard output or
# error, what logs, or what ends its program. A program that uses it decides what its users read.
set -eu

nm=$1
archive=$2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An exit status behind a pipe would be lost, so each step has a file.
if ! "$nm" --portability --undefined-only "$archive" >"$work/all"; then
    echo "$nm failed on $archive"
    exit 1
fi
awk 'NF >= 2 && $2 ~ /^[Uwv]$/ { print $1 }' "$work/all" | LC_ALL=C sort -u >"$work/used"

# It waits for its children in one place; a list without that is no list of the library.
if ! grep -qx waitid "$work/used"; then
    echo "$nm shows no symbols of the library in $archive"
    exit 1
fi

# The printf family with its hardened forms (__printf_chk), but for those that print into memory.
prints='(__)?(v|f|vf|d|vd|w|vw|fw|vfw)?printf(_unlocked)?(_chk)?'
prints="$prints|f?put(c|s|wc|ws|char|wchar)(_unlocked)?|_IO_put[cs]|fwrite(_unlocked)?|perror|psignal"
prints="$prints|psiginfo|v?(err|warn)x?|error(_at_line)?|stdout|stderr"
# std::cout and its kin, and what makes them.
prints="$prints|_ZSt(4cout|4cerr|4clog|5wcout|5wcerr|5wclog)|_ZNSt8ios_base4InitC[12]Ev"
logs='(__)?v?syslog(_chk)?|openlog|sd_journal_.*'
# Not what only children reach, by system calls; and not the standard library's own checks, which a
# distribution may ask for, and which end a program whose memory is about to be overrun.
ends='_?exit|_Exit|quick_exit|at(_quick_)?exit|abort|raise|__assert(_fail|_perror_fail)?'

if grep -Ex -e "$prints|$logs|$ends" "$work/used" >"$work/wrong"; then
    echo "the library reaches what prints, logs, or ends its program:"
    cat "$work/wrong"
    exit 1
fi
