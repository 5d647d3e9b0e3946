#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# runner_test.sh RUNNER DIRECTORY: spoils a copy of the cases in each way, and the runner must say
# so. SBX_ACCEPT=1 is tried on the copy as well.
set -eu

runner=$1
original=$2
unset SBX_ACCEPT
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fresh_copy() {
    rm -rf "$work/cases"
    mkdir "$work/cases"
    cp "$original"/*.args "$original"/*.txt "$work/cases"
}

# must_fail WORDS: the runner fails, and WORDS are in what it prints.
must_fail() {
    if "$runner" "$work/cases" >"$work/out"; then
        echo "not noticed: $1"
        exit 1
    fi
    grep -qF -e "$1" "$work/out" || { echo "not said: $1"; cat "$work/out"; exit 1; }
}

must_pass() {
    "$runner" "$work/cases" >"$work/out" || { echo "must pass"; cat "$work/out"; exit 1; }
}

must_accept() {
    SBX_ACCEPT=1 "$runner" "$work/cases" >"$work/out" || { echo "must accept"; exit 1; }
    grep -qx "title.txt: accepted" "$work/out" || { echo "not said: accepted"; exit 1; }
    cmp "$work/cases/title.txt" "$original/title.txt"
}

fresh_copy
must_pass

echo "more" >>"$work/cases/title.txt"
must_fail "title.txt: the plan is another"
must_accept
must_pass

: >"$work/cases/title.txt"
must_fail "title.txt: the plan is another: line 1"

rm "$work/cases/title.txt"
must_fail "title.args: no golden text"
must_accept

cp "$work/cases/title.txt" "$work/cases/stale.txt"
must_fail "stale.txt: no case has this text"

fresh_copy
grep -lx -e --hostname "$work"/cases/*.args | while read -r name; do
    rm "$name" "${name%.args}.txt"
done
must_fail "no case uses --hostname"

fresh_copy
printf 'sbx\ntrue\n' >"$work/cases/title.args"
must_fail 'title.args: it begins with "# "'
printf '# x\nbubblewrap\ntrue\n' >"$work/cases/title.args"
must_fail "title.args: the line after the comment names the dialect"
printf '# x\nsbx admin\ntrue\n' >"$work/cases/title.args"
must_fail 'title.args: a host is not "admin"'
printf '# x\nsbx\nfd 3\ntrue\n' >"$work/cases/title.args"
must_fail 'title.args: this is not "fd NUMBER = CONTENT"'

rm -rf "$work/cases"
mkdir "$work/cases"
must_fail "no cases there"
