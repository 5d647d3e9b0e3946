#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# command_lines_test.sh COMMAND_LINES: the judge of command lines must complain of programs that are
# no sandbox, and say what of. It must not run the real sbx.
set -eu

judge=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
wrong=0

# complains TEXT BODY...: a program of these lines of shell is found out, with TEXT.
complains() {
    text=$1
    shift
    {
        echo '#!/bin/sh'
        printf '%s\n' "$@"
    } >"$work/program"
    chmod 755 "$work/program"
    # None of these programs needs half a second, but for those that never end.
    if SBX_TEST_PATIENCE=0.1 SBX_TEST_EXECUTABLE=$work/program "$judge" --runs 100 >"$work/out" 2>&1; then
        echo "it is content with: $*"
        wrong=1
    elif ! grep -q -- "$text" "$work/out"; then
        echo "it does not say \"$text\" of: $*"
        head -n 20 "$work/out"
        wrong=1
    fi
}

# shellcheck disable=SC2016  # these are for the program
{
    complains 'gives status 0' 'exit 0'
    complains 'status 99 means nothing' 'exit 99'
    complains 'it fails and says nothing' 'exit 1'
    complains 'died of signal 11' 'kill -SEGV $$'
    complains 'the payload never ran' 'exit 0'
    complains 'the payload ran' 'echo the payload ran:' 'echo "sbx: no" >&2' 'exit 125'
    complains 'more than one line' 'echo "sbx: a" >&2' 'echo "sbx: b" >&2' 'exit 125'
    complains 'it says "no"' 'echo no >&2' 'exit 125'
    complains 'a control byte' 'printf "sbx: \033[2J\n" >&2' 'exit 125'
    complains 'a sanitizer reports' 'echo "ERROR: AddressSanitizer" >&2' 'exit 1'
    complains 'changed what it must not' 'echo more >fixed/file'
    complains 'left something' 'mkdir writable/left; echo "sbx: no" >&2; exit 125'
    complains 'a process is left' 'sleep 1000 >/dev/null 2>&1 &' 'exit 1'
    complains 'nothing happened for too long' 'exec sleep 1000'
    complains 'too few of one kind' 'echo "sbx: no" >&2' 'exit 125'
}

# What it is not asked for.
if "$judge" --run 5 >"$work/out" || "$judge" --runs five >"$work/out"; then
    echo "it takes words that it does not know"
    wrong=1
fi
exit "$wrong"
