#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# includes.sh TOP: holds include <- core <- sys <- cli, by the #include lines below TOP.
#   include/sbx   <sbx/*> and the standard library
#   src/core      also "core/*", and <elf.h> for its numbers; nothing that does input or output
#   src/sys       also "sys/*", system headers, and of Boost the reader of JSON
#   src/cli       <sbx/*>, "cli/*", the standard library, Boost, and what it reads with; of all its
#                 files output.cpp alone prints, so that nothing goes past printable()
set -eu

cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/wrong"

standard='algorithm|array|bit|bitset|cctype|cerrno|charconv|chrono|climits|compare|concepts|cstddef'
standard="$standard|cstdint|cstdlib|cstring|exception|functional|initializer_list|iterator|limits"
standard="$standard|map|memory|new|numeric|optional|set|span|sstream|stdexcept|string|string_view"
standard="$standard|tuple|type_traits|unordered_map|utility|variant|vector"

# check DIRECTORY PATTERN: every #include there, with its brackets, matches PATTERN.
check() {
    find "$1" -name '*.[ch]pp' >"$work/files"
    if [ ! -s "$work/files" ]; then
        echo "no files in $1"
        exit 1
    fi
    # shellcheck disable=SC2016  # these are awk's
    find "$1" -name '*.[ch]pp' -exec env PATTERN="^($2)\$" awk '
        /^[[:space:]]*#[[:space:]]*include/ {
            sub(/^[[:space:]]*#[[:space:]]*include[[:space:]]*/, "")
            sub(/[[:space:]]*\/\/.*/, "")
            if ($0 !~ ENVIRON["PATTERN"]) print FILENAME ": " $0
        }' {} + >>"$work/wrong"
}

check include "<(sbx/[a-z_]*[.]hpp|$standard)>"
# cstdio is for snprintf(3).
check src/core "<(sbx/[a-z_]*[.]hpp|$standard|cstdio|elf[.]h)>|\"core/[a-z_]*[.]hpp\""
system='sbx|sys|linux|asm|arpa|net|netinet|boost/property_tree'
check src/sys "<[^/>]*>|<($system)/[^>]*>|\"(core|sys)/[a-z_]*[.]hpp\""
text="csignal|boost/.*[.]hpp"
check src/cli \
    "<(sbx/[a-z_]*[.]hpp|$standard|$text|(dirent|fcntl|unistd|sys/auxv|sys/stat|sys/syscall)[.]h)>|\"cli/[a-z_]*[.]hpp\""
# option_docs is a program of its own, for the build.
grep -vxF -e 'src/cli/output.cpp: <cstdio>' -e 'src/cli/option_docs.cpp: <fstream>' \
    -e 'src/cli/option_docs.cpp: <iostream>' "$work/wrong" >"$work/others" || true
mv "$work/others" "$work/wrong"

if [ -s "$work/wrong" ]; then
    echo "these includes are against the direction of dependencies:"
    cat "$work/wrong"
    exit 1
fi
