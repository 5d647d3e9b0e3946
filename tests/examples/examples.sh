#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples.sh DIRECTORY: the examples of libsbx, compiled in DIRECTORY, do what they are there to
# show.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/../profiles/common.sh"

build="$1/limited_build"
plan="$1/print_plan"

# ends STATUS COMMAND...: it ends with STATUS; prints WORDS: the last one did so.
ends() {
    wanted=$1
    shift
    status=0
    "$@" >"$work/out" 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] || {
        fail "$* ends with $wanted, and not with $status"
        cat "$work/out"
    }
}
prints() {
    grep -qF -e "$1" "$work/out" || {
        fail "\"$1\" is printed, and not:"
        cat "$work/out"
    }
}

# ---- limited_build: a build with limits on what is visible ----

cat >hello.c <<'END'
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
END
cat >Makefile <<'END'
hello: hello.c
	$(CC) -o $@ hello.c
stop:
	exit 3
END
says "exit status 0, " "$build" . make
prints " KiB in the largest process"
says hello ./hello
ends 2 "$build" "$PWD" make stop
prints "exit status 2, "
# shellcheck disable=SC2016  # for the shell inside
ends 137 "$build" . sh -c 'kill -9 $$'
prints "killed by signal 9, "
# What is wrong comes with its remedy.
ends 125 "$build" . no-such-tool
prints 'limited_build: "no-such-tool"'
prints "; "
ends 125 "$build" ./nowhere make
prints "limited_build: ./nowhere: "
ends 125 "$build" .
prints "what is wanted: "

# The rest of this machine is not there.
echo key >"$HOME/key"
ends 0 "$build" . test -e Makefile
ends 1 "$build" . test -e "$HOME/key"
ends 1 "$build" . test -e /etc/hostname
ends 1 "$build" . touch /usr/x
ends 1 "$build" . printenv SECRET_TOKEN
says 3 "$build" . sh -c 'wc -l </proc/net/dev'  # two lines of heading, and loopback
# A mistake that is made often is named.
says "makes your home directory writable" "$build" "$HOME" true

# ---- print_plan: what would be done, and nothing is ----

says 'bind "/usr" on "/usr" read-only' "$plan" text touch made
prints 'set hostname "sandbox"'
prints "run: touch made"
prints "left out: mask"
echo key >secret.key
says "mask \"$PWD/secret.key\"" "$plan" text touch made
says '"kind": "bind"' "$plan" json touch made
says "secret.key" "$plan" tree touch made
ends 1 "$plan" yaml touch made
prints "take text, json or tree"
[ ! -e made ] || fail "nothing is run for a plan"
finish
