#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# includes_test.sh SCRIPT TOP: includes.sh must find each include that is against the direction.
set -eu

script=$1
top=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/top"
cp -r "$top/include" "$top/src" "$work/top"
chmod -R u+w "$work/top"

# must_fail FILE INCLUDE
must_fail() {
    printf '#include %s\n' "$2" >>"$work/top/$1"
    if "$script" "$work/top" >"$work/out"; then
        echo "not noticed: $1 includes $2"
        exit 1
    fi
    grep -qF -e "$1: $2" "$work/out" || { echo "not said: $1 $2"; cat "$work/out"; exit 1; }
    cat "$top/$1" >"$work/top/$1"
}

"$script" "$work/top"

must_fail include/sbx/spec.hpp '"core/text.hpp"'
must_fail include/sbx/spec.hpp '<boost/json.hpp>'
must_fail include/sbx/spec.hpp '<seccomp.h>'
must_fail src/core/plan.cpp '<unistd.h>'
must_fail src/core/plan.cpp '<fcntl.h>'
must_fail src/core/plan.cpp '<sys/stat.h>'
must_fail src/core/plan.cpp '<fstream>'
must_fail src/core/plan.cpp '<iostream>'
must_fail src/core/plan.cpp '<filesystem>'
must_fail src/core/plan.cpp '"sys/child.hpp"'
must_fail src/core/plan.cpp '"cli/input.hpp"'
must_fail src/sys/run.cpp '"cli/input.hpp"'
must_fail src/sys/run.cpp '<cli/input.hpp>'
must_fail src/sys/run.cpp '<boost/program_options.hpp>'
must_fail src/cli/main.cpp '"core/text.hpp"'
must_fail src/cli/main.cpp '"sys/child.hpp"'
must_fail src/cli/main.cpp '<core/text.hpp>'
must_fail src/cli/main.cpp '<seccomp.h>'
must_fail src/cli/main.cpp '<cstdio>'
must_fail src/cli/help.cpp '<iostream>'
must_fail src/cli/option_list.cpp '<fstream>'

rm -r "$work/top/src/core"
mkdir "$work/top/src/core"
if "$script" "$work/top" >"$work/out"; then
    echo "not noticed: a directory without files"
    exit 1
fi
