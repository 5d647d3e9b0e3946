#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --profile app: a program of the desktop, which talks to the compositor when it is asked to be let,
# and to nobody else. $COMPOSITOR is a program that listens on a socket, "listen PATH -- COMMAND"
# runs COMMAND meanwhile, and connects to it, "connect PATH".
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

connecting() {
    socket=$1
    shift
    "$COMPOSITOR" listen "$XDG_RUNTIME_DIR/$socket" -- "$SBX" --profile app "$@" \
        --ro-bind "$COMPOSITOR" /connect -- /connect connect "$XDG_RUNTIME_DIR/$socket"
}

export WAYLAND_DISPLAY=wayland-7
works connecting wayland-7 --profile wayland
refused connecting wayland-7
refused connecting wayland-8 --profile wayland  # there is none of that name for it
works connecting pipewire-0 --profile sound
refused connecting pipewire-0
works connecting bus --profile dbus
refused connecting bus --profile sound

sandboxed() { "$SBX" --profile app -- "$@"; }
# Its home is its own, and forgotten, unless one is given to it.
echo key >"$HOME/key"
refused sandboxed cat "$HOME/key"
# shellcheck disable=SC2016  # for the shell inside
works sandboxed sh -c 'echo settings >~/.apprc && test "$PWD" = "$HOME"'
refused ls -d "$HOME/.apprc"
mkdir "$work/own"
# shellcheck disable=SC2016
works "$SBX" --profile app --bind "$work/own" "$HOME" -- sh -c 'echo settings >~/.apprc'
says settings cat "$work/own/.apprc"
# Nothing of the session, and no network.
refused sandboxed printenv SECRET_TOKEN
refused sandboxed printenv WAYLAND_DISPLAY
refused sandboxed ls "$XDG_RUNTIME_DIR"
says 3 sandboxed sh -c 'wc -l </proc/net/dev'
finish
