#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# outside.sh MESON BUILD-DIRECTORY COMPILER...: installs sbx to an empty place, builds the examples
# there with nothing but what pkg-config says, as somebody would who has only the package, and runs
# them. The arguments of COMPILER are what the library was compiled with and links need (sanitizers).
set -eu

meson=$1
build=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# meson writes a log beside its private directory, which may belong to somebody else.
mkdir "$work/build" "$work/build/meson-logs" "$work/build/meson-private" "$work/examples"
for entry in "$build"/* "$build"/meson-private/*; do
    name=${entry#"$build"/}
    [ -d "$work/build/$name" ] || ln -s "$entry" "$work/build/$name"
done
"$meson" install -C "$work/build" --no-rebuild --quiet --destdir "$work/root" >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }

file=$(find "$work/root" -name sbx.pc)
[ -n "$file" ] || { echo "no sbx.pc is installed"; exit 1; }
prefix=$(sed -n 's/^prefix=//p' "$file")
export PKG_CONFIG_PATH="${file%/*}"
flags=$(pkg-config --define-variable=prefix="$work/root$prefix" --cflags --libs sbx)
compile_flags=$(pkg-config --define-variable=prefix="$work/root$prefix" --cflags sbx)
echo "pkg-config: $flags"
case $flags in *-D*) echo "what the library was compiled with is no business of others"; exit 1 ;; esac

# Each header, as it is installed, is enough for itself, and its users may be strict.
count=0
for header in "$here"/../../include/sbx/*.hpp; do
    name=${header##*/}
    count=$((count + 1))
    [ -e "$work/root$prefix/include/sbx/$name" ] || { echo "sbx/$name is not installed"; exit 1; }
    printf '#include <sbx/%s>\n' "$name" >"$work/header.cpp"
    # shellcheck disable=SC2086  # these are words
    "$@" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only "$work/header.cpp" \
        $compile_flags || { echo "sbx/$name does not compile on its own"; exit 1; }
done
[ "$count" -ge 8 ] || { echo "there are 8 headers, and not $count"; exit 1; }

for name in limited_build print_plan; do
    source=$(find "$work/root" -name "$name.cpp")
    [ -n "$source" ] || { echo "$name.cpp is not installed"; exit 1; }
    # shellcheck disable=SC2086
    "$@" -Wall -Wextra -Werror -o "$work/examples/$name" "$source" $flags
done
"$here/examples.sh" "$work/examples"
