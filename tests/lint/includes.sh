#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# includes.sh TOP: holds the order of the rooms, by the #include lines below TOP, and finds circles.
#   include/sbx     <sbx/*> and the standard library
#   src/ROOM        also headers of its own and of the rooms before it in `rooms`
#   pure rooms      the standard library, and <elf.h> for its numbers; nothing that does input or output
#   the others      also system headers, and the reader of JSON
#   src/cli         <sbx/*>, "cli/*", the standard library, Boost, and what it reads with; of all its
#                   files output.cpp alone prints, so that nothing goes past printable()
set -eu

cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/wrong"

standard='algorithm|array|bit|bitset|cctype|cerrno|charconv|chrono|climits|compare|concepts|cstddef'
standard="$standard|cstdint|cstdlib|cstring|exception|functional|initializer_list|iterator|limits"
standard="$standard|map|memory|new|numeric|optional|set|span|sstream|stdexcept|string|string_view"
standard="$standard|tuple|type_traits|unordered_map|utility|variant|vector"

# check PATTERN PLACE...: every #include there, with its brackets, matches PATTERN.
check() {
    PATTERN="^($1)\$"
    export PATTERN
    shift
    find "$@" -name '*.[ch]pp' >"$work/files"
    if [ ! -s "$work/files" ]; then
        echo "no files in $*"
        exit 1
    fi
    # shellcheck disable=SC2016  # these are awk's
    find "$@" -name '*.[ch]pp' -exec awk '
        /^[[:space:]]*#[[:space:]]*include/ {
            sub(/^[[:space:]]*#[[:space:]]*include[[:space:]]*/, "")
            sub(/[[:space:]]*\/\/.*/, "")
            if ($0 !~ ENVIRON["PATTERN"]) print FILENAME ": " $0
        }' {} + >>"$work/wrong"
}

check "<(sbx/[a-z_]*[.]hpp|$standard)>" include

# cstdio is for snprintf(3).
pure="<(sbx/[a-z_]*[.]hpp|$standard|cstdio|elf[.]h)>"
names='sbx|sys|linux|asm|arpa|net|netinet|nlohmann'
system="<[^/>]*>|<($names)/[^>]*>"
rooms='base view plan describe system policy child probe explain doctor supervise'
before=
for room in $rooms; do
    before=$before${before:+|}$room
    case $room in
        base | view | plan | describe) brackets=$pure ;;
        *) brackets=$system ;;
    esac
    check "$brackets|\"($before)/[a-z_]*[.]hpp\"" "src/$room"
done
# Values in, values out, also in rooms that ask the machine.
check "$pure|\"(base|doctor|supervise)/[a-z_]*[.]hpp\"" src/doctor/findings*.?pp \
    src/doctor/describe.cpp src/supervise/git_index.?pp
text="csignal|boost/.*[.]hpp"
check "<(sbx/[a-z_]*[.]hpp|$standard|$text|(dirent|fcntl|unistd|sys/auxv|sys/stat|sys/syscall)[.]h)>|\"cli/[a-z_]*[.]hpp\"" \
    src/cli
# option_docs is a program of its own, for the build.
grep -vxF -e 'src/cli/output.cpp: <cstdio>' -e 'src/cli/option_docs.cpp: <fstream>' \
    -e 'src/cli/option_docs.cpp: <iostream>' "$work/wrong" >"$work/others" || true
mv "$work/others" "$work/wrong"

if [ -s "$work/wrong" ]; then
    echo "these includes are against the direction of dependencies:"
    cat "$work/wrong"
    exit 1
fi

for place in src/*/; do
    room=$(basename "$place")
    case " $rooms cli " in
        *" $room "*) ;;
        *) echo "src/$room is a room without a place in the order"; exit 1 ;;
    esac
done

# Within a room, too, no header may need itself. tsort prints the circle.
find include/sbx src -name '*.hpp' -exec awk '
    /^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][a-z_]+\/[a-z_]+[.]hpp[">]/ {
        name = FILENAME
        sub(/^(include|src)\//, "", name)
        split($0, part, /["<>]/)
        print name, part[2]
    }' {} + >"$work/pairs"
if ! tsort "$work/pairs" >"$work/sorted" 2>"$work/circle"; then
    echo "these headers include each other in a circle:"
    cat "$work/circle"
    exit 1
fi
