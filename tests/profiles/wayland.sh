#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --wayland: a compositor that knows security contexts gets a socket of the sandbox's own, and one
# that does not is named. $COMPOSITOR plays both; "ask" prints what it announces to a client, which
# for a client of a security context is "context", with what was told of it. It adds "alone" if
# nobody has a connection without a context, and fails if a listener is left over.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

host=$XDG_RUNTIME_DIR/wayland-0

# with HOW COMMAND...: COMMAND beside a compositor.
with() {
    how=$1
    shift
    "$COMPOSITOR" wayland "$how" "$host" -- "$@"
}
# asking HOW OPTION...: what the compositor announces inside.
asking() {
    how=$1
    shift
    with "$how" "$SBX" --ro-bind /usr /usr --ro-bind "$COMPOSITOR" /viewer --chdir / \
        --wayland "$host" /run/w/wayland-0 "$@" -- /viewer ask /run/w/wayland-0
}
# clean COMMAND...: it says nothing on standard error.
clean() {
    "$@" 2>&1 >"$work/out" | grep . && fail "silent: $*"
    :
}

# Engine (1), name of the command (2), a name for this sandbox (3); sbx's connection is gone.
says 'context 1=sbx 2=viewer 3=' asking context
says ' alone' asking context
clean asking context
refused grep wp_security_context_manager_v1 "$work/out"
instance() { asking context | sed -n 's/.* 3=\([0-9a-f]*\) .*/\1/p'; }
one=$(instance)
[ "${#one}" -eq 32 ] || fail "an instance has a name of 32 digits: $one"
[ "$one" != "$(instance)" ] || fail "each instance has a name of its own"
# By everybody who can be the first process, and for ids of all kinds.
for options in '--as-pid-1' '--map-current-user' '--uid 7 --gid 7' '--cap-add CAP_NET_ADMIN' \
    '--share-pid' '--share-net' '--allow-userns' '--seccomp-policy strict' '--landlock off'; do
    # shellcheck disable=SC2086
    says 'context 1=sbx' asking context $options
done
# Upon what a bind shows, though nothing is made on the host.
mkdir "$work/shown"
: >"$work/shown/wayland"
says 'context 1=sbx' with context "$SBX" --ro-bind /usr /usr --ro-bind "$COMPOSITOR" /viewer \
    --bind "$work/shown" /s --wayland "$host" /s/wayland -- /viewer ask /s/wayland
test -f "$work/shown/wayland" || fail "the file of the host is as before"
refused with context "$SBX" --ro-bind /usr /usr --bind "$work/shown" /s --wayland "$host" /s/new \
    -- true
refused test -e "$work/shown/new"
# The command can neither replace the socket nor change who may use it.
for attempt in 'rm /run/w/wayland-0' 'mv /run/w/wayland-0 /tmp/w' 'chmod 0 /run/w/wayland-0'; do
    refused with context "$SBX" --ro-bind /usr /usr --wayland "$host" /run/w/wayland-0 -- \
        sh -c "$attempt"
done
# It has no descriptor of any of it: 0, 1, 2 and that of the listing.
says 4 with context "$SBX" --ro-bind /usr /usr --wayland "$host" /w -- \
    sh -c 'ls /proc/self/fd | wc -l'

# A compositor that will not is an error, and there is no command: what was planned holds.
# shellcheck disable=SC2016
printf '#!/bin/sh\necho ran >"$1"\n' >"$work/ran.sh"
for how in refusing leaving; do
    refused with "$how" "$SBX" --ro-bind /usr /usr --bind "$work" "$work" --wayland "$host" /w -- \
        sh "$work/ran.sh" "$work/ran"
    refused test -e "$work/ran"
done
with refusing "$SBX" --ro-bind /usr /usr --wayland "$host" /w -- true 2>"$work/err" &&
    fail "a compositor that refuses"
says 'with a security context for "true": the compositor answers "not for\nyou"' cat "$work/err"
with leaving "$SBX" --ro-bind /usr /usr --wayland "$host" /w -- true 2>"$work/err" &&
    fail "a compositor that hangs up"
says 'the compositor closed the connection' cat "$work/err"
for how in refusing leaving; do  # the same by its exit status
    code=0
    with "$how" "$SBX" --ro-bind /usr /usr --wayland "$host" /w -- true 2>"$work/err" || code=$?
    [ "$code" -eq 125 ] || fail "sbx could not make the sandbox: $code"
done

# A compositor without security contexts: said, refused, or taken.
says 'this compositor has no security contexts' asking plain
printed '[desktop-socket]'
printed 'wl_compositor'
refused asking plain --warning desktop-socket refuse
clean asking plain --warning desktop-socket hide
grep -q wl_compositor "$work/out" || fail "the plain socket is inside"

# The plan tells which it is.
says 'with a security context for "viewer"' asking context --dry-run
says "bind \"$host\" on \"/run/w/wayland-0\" read-only" asking plain --dry-run
says "wayland socket of \"$host\", read-only" asking context --dry-run=tree
says '"kind": "wayland-socket"' with context "$SBX" --dry-run=json --wayland "$host" /w -- true

# What is no compositor.
refused "$SBX" --ro-bind /usr /usr --wayland "$host.none" /w -- true
printed 'no such file or directory'
refused "$SBX" --ro-bind /usr /usr --wayland /usr /w -- true
printed 'asking the compositor: '
rm -f "$host"
refused "$COMPOSITOR" listen "$XDG_RUNTIME_DIR/gone" -- false
refused "$SBX" --ro-bind /usr /usr --wayland "$XDG_RUNTIME_DIR/gone" /w -- true
printed 'connection refused'

# What the command leaves behind keeps its window, where it lives on: init holds the listener.
ln -s "$SBX" "$work/bwrap"
mkfifo "$work/go" "$work/done"
cat >"$work/leave.sh" <<'END'
work=$1 compositor=$2 host=$3
# shellcheck disable=SC2016
"$work/bwrap" --unshare-pid --ro-bind / / --bind "$work" "$work" --dev /dev --tmpfs /run \
    --wayland "$host" /run/wayland-0 -- \
    sh -c '{ read -r _ <"$1/go"; "$2" ask /run/wayland-0 >"$1/late" 2>&1; echo >"$1/done"; } \
        >/dev/null 2>&1 &' sh "$work" "$compositor"
echo >"$work/go"
read -r _ <"$work/done"
END
works with context sh "$work/leave.sh" "$work" "$COMPOSITOR" "$host"
says 'context 1=sbx 2=sh' cat "$work/late"
finish
