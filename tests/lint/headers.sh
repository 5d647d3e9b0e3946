#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# headers.sh TOP COMPILER...: each public header compiles on its own, twice included, without the
# rest of the sources, and is installed.
set -eu

top=$1
shift
failed=0
count=0
for header in "$top"/include/sbx/*.hpp; do
    name=${header##*/}
    count=$((count + 1))
    printf '#include <sbx/%s>\n#include <sbx/%s>\n' "$name" "$name" |
        "$@" -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror \
            -I "$top/include" -fsyntax-only -x c++ - || {
        echo "sbx/$name does not compile on its own"
        failed=1
    }
    grep -qF "'../include/sbx/$name'," "$top/src/meson.build" || {
        echo "sbx/$name is not installed by src/meson.build"
        failed=1
    }
done
if [ "$count" -lt 2 ]; then
    echo "no headers in $top/include/sbx"
    failed=1
fi
exit "$failed"
