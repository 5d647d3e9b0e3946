#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# child_symbols.sh NM ARCHIVE: fails when ARCHIVE, which runs between clone and exec, reaches a
# symbol outside of it that is not in the list below: such a function may allocate or lock.
set -eu

nm=$1
archive=$2

approved='
__errno_location
_GLOBAL_OFFSET_TABLE_
bcmp
memcmp
memcpy
memmove
memset
strcmp
strlen
syscall
'
# What compilers make of these when a distribution hardens its builds (-fstack-protector,
# _FORTIFY_SOURCE): they abort, or are the same.
approved="$approved
__memcpy_chk
__memmove_chk
__memset_chk
__stack_chk_fail
"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An exit status behind a pipe would be lost, so each step has a file.
if ! "$nm" --portability --extern-only "$archive" >"$work/all"; then
    echo "$nm failed on $archive"
    exit 1
fi
# Lines are "NAME TYPE [VALUE SIZE]". U is undefined; w and v are undefined unless somebody has it.
awk 'NF >= 2 && $2 ~ /^[Uwv]$/ { print $1 }' "$work/all" | LC_ALL=C sort -u >"$work/used"
awk 'NF >= 2 && $2 !~ /^[Uwv]$/ { print $1 }' "$work/all" | LC_ALL=C sort -u >"$work/defined"
printf '%s' "$approved" | sed '/^$/d' | LC_ALL=C sort -u >"$work/approved"

# Whatever the child does, it copies memory, so a list without that is no list.
if ! grep -qx memcpy "$work/used" || [ ! -s "$work/defined" ]; then
    echo "$nm shows no symbols of the child in $archive"
    exit 1
fi

LC_ALL=C sort -u "$work/approved" "$work/defined" >"$work/known"
LC_ALL=C comm -23 "$work/used" "$work/known" >"$work/unknown"
if [ -s "$work/unknown" ]; then
    echo "the child's library reaches what may allocate or lock:"
    cat "$work/unknown"
    exit 1
fi

# A weak definition may be replaced by another library's when sbx is linked. Those of the project
# are held to the same rules; the standard library's would be compiled with sanitizers, say.
awk '$2 ~ /^[WV]$/ && $1 !~ /^_ZNK?3sbx/ { print $1 }' "$work/all" >"$work/weak"
if [ -s "$work/weak" ]; then
    echo "the child's library has functions that others may replace when it is linked (is it"
    echo "compiled without -O?): $(wc -l <"$work/weak") of them, such as"
    head -n 5 "$work/weak"
    exit 1
fi
