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

# asking HOW SOCKET OPTION...: what a Wayland compositor announces inside.
asking() {
    how=$1 socket=$2
    shift 2
    "$COMPOSITOR" wayland "$how" "$XDG_RUNTIME_DIR/$socket" -- "$SBX" --profile app "$@" \
        --ro-bind "$COMPOSITOR" /viewer -- /viewer ask "$XDG_RUNTIME_DIR/$socket"
}

export WAYLAND_DISPLAY=wayland-7
says 'context 1=sbx 2=viewer' asking context wayland-7 --profile wayland
says 'wl_compositor' asking plain wayland-7 --profile wayland
refused asking context wayland-7
refused asking context wayland-8 --profile wayland  # there is none of that name for it
works connecting pipewire-0 --profile sound
refused connecting pipewire-0
works connecting bus --profile dbus
refused connecting bus
mkdir "$XDG_RUNTIME_DIR/pulse"
works connecting pulse/native --profile pulseaudio
refused connecting pulse/native

# What a profile opens is said by name, and can be refused. X has one place for all.
open() {
    socket=$1 profile=$2 words=$3
    says "$words" connecting "$socket" --profile "$profile"
    printed '[desktop-socket]'
    refused connecting "$socket" --profile "$profile" --warning desktop-socket refuse
    works connecting "$socket" --profile "$profile" --warning desktop-socket hide
    if grep -F '[desktop-socket]' "$work/out"; then fail "$profile is hidden"; fi
}
open pipewire-0 sound 'make PipeWire load a library outside'
open pulse/native pulseaudio 'make the sound server load a library outside'
open bus dbus 'start programs outside'
says 'this compositor has no security contexts' asking plain wayland-7 --profile wayland
printed '[desktop-socket]'
refused asking plain wayland-7 --profile wayland --warning desktop-socket refuse
works asking context wayland-7 --profile wayland --warning desktop-socket refuse

# What libpulse asks of its directory: it is the program's own, and its mode can be set.
directory="$XDG_RUNTIME_DIR/pulse"
works "$COMPOSITOR" listen "$directory/native" -- "$SBX" --profile app --profile pulseaudio -- \
    sh -c "test \"\$(stat -c %a,%u '$directory')\" = 700,\$(id -u) && chmod 700 '$directory'"
says "unix:$directory/native" "$COMPOSITOR" listen "$directory/native" -- \
    "$SBX" --profile app --profile pulseaudio -- printenv PULSE_SERVER

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
