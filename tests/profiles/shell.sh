#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --profile shell: a look around that leaves no trace.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

sandboxed() { "$SBX" --profile shell -- "$@"; }

echo text >file
echo key >"$HOME/key"
says text sandboxed cat file
says "$PWD" sandboxed pwd
refused sandboxed touch new
refused sandboxed sh -c 'echo x >file'
# shellcheck disable=SC2016  # for the shell inside
works sandboxed sh -c 'test ! -e ~/key && echo x >~/made && test -s ~/made'
refused test -e "$HOME/made"
says "$HOME" sandboxed printenv HOME
says sbx sandboxed printenv debian_chroot
refused sandboxed printenv SECRET_TOKEN
says 3 sandboxed sh -c 'wc -l </proc/net/dev'
# An interactive shell, which reads what is typed.
# shellcheck disable=SC2016
typed=$(echo 'echo $((6 * 7))' | sandboxed sh -i 2>/dev/null)
[ "$typed" = 42 ] || fail "a shell that is typed to answers, and not \"$typed\""
starts_apart shell
starts_in_projects shell
# What it has of its own is not hidden by the directory that it shows, unless that is wanted.
mkdir "$HOME/other"
cd "$HOME/other"
mkdir below
refuses "hides --tmpfs $PWD/below of the profile" env HOME="$PWD/below" "$SBX" --profile shell -- true
cd "$HOME"
works "$SBX" --profile shell --warning start-directory hide --warning hidden-mount hide -- cat key
refused grep warning "$work/out"
cd "$HOME/project"
finish
