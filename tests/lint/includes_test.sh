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

must_fail include/sbx/spec.hpp '"base/text.hpp"'
must_fail include/sbx/spec.hpp '<boost/json.hpp>'
must_fail include/sbx/spec.hpp '<seccomp.h>'
must_fail src/plan/plan.cpp '<unistd.h>'
must_fail src/plan/plan.cpp '<fcntl.h>'
must_fail src/plan/plan.cpp '<sys/stat.h>'
must_fail src/plan/plan.cpp '<fstream>'
must_fail src/plan/plan.cpp '<iostream>'
must_fail src/plan/plan.cpp '<filesystem>'
must_fail src/plan/plan.cpp '"child/child.hpp"'
must_fail src/plan/plan.cpp '"cli/input.hpp"'
must_fail src/view/sight.cpp '"plan/planning.hpp"'
must_fail src/child/path.cpp '"supervise/start.hpp"'
must_fail src/describe/json.cpp '"system/machine.hpp"'
must_fail src/doctor/findings_required.cpp '<unistd.h>'
must_fail src/supervise/git_index.cpp '"system/fd.hpp"'
must_fail src/supervise/run.cpp '"cli/input.hpp"'
must_fail src/supervise/run.cpp '<cli/input.hpp>'
must_fail src/supervise/run.cpp '<boost/program_options.hpp>'
must_fail src/policy/tree.cpp '<boost/property_tree/ptree.hpp>'
must_fail src/describe/json.cpp '<nlohmann/json.hpp>'
must_fail src/cli/main.cpp '"base/text.hpp"'
must_fail src/cli/main.cpp '"child/child.hpp"'
must_fail src/cli/main.cpp '<base/text.hpp>'
must_fail src/cli/main.cpp '<seccomp.h>'
must_fail src/cli/main.cpp '<cstdio>'
must_fail src/cli/help.cpp '<iostream>'
must_fail src/cli/option_list.cpp '<fstream>'

# must_say TEXT
must_say() {
    if "$script" "$work/top" >"$work/out"; then
        echo "not noticed: $1"
        exit 1
    fi
    grep -qF -e "$1" "$work/out" || { echo "not said: $1"; cat "$work/out"; exit 1; }
}

echo '#include "child/setup.hpp"' >>"$work/top/src/child/report.hpp"
must_say 'in a circle'
cat "$top/src/child/report.hpp" >"$work/top/src/child/report.hpp"

mkdir "$work/top/src/cellar"
must_say 'src/cellar is a room without a place'
rmdir "$work/top/src/cellar"

rm -r "$work/top/src/view"
mkdir "$work/top/src/view"
must_say 'no files in src/view'
