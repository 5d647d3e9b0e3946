#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# apparmor.sh MESON SOURCE: the option "apparmor" installs a profile for the path of sbx where AppArmor
# looks for it, and nothing is installed there without the option.
# shellcheck source=tests/install/common.sh
. "$(dirname "$0")/common.sh"

# configured NAME OPTION...: a build directory of that name in $work.
configured() {
    directory=$work/$1
    shift
    "$meson" setup -Dtests=false "$@" "$directory" "$source" >"$work/log" 2>&1 || {
        cat "$work/log"
        fail "meson setup $*"
    }
    "$meson" introspect --installed "$directory" | tr ',' '\n' >"$work/installed"
}

# The file of the build directory that is installed as $1.
installed_as() {
    sed -n "s|^ *{*\"\(.*\)\": \"$1\"}*\$|\1|p" "$work/installed"
}

configured without --prefix=/opt/it
[ -z "$(installed_as '/etc/apparmor.d.*')" ] || fail "a profile is installed unasked"
[ -n "$(installed_as /opt/it/share/sbx/apparmor/sbx)" ] || fail "no profile to copy is installed"
grep -q '^profile sbx /opt/it/bin/sbx flags=(unconfined) {$' \
    "$(installed_as /opt/it/share/sbx/apparmor/sbx)" || fail "the profile is not for /opt/it/bin/sbx"
grep -q -- '-DSBX_APPARMOR_LOAD=[^;]*/opt/it/share/sbx/apparmor/sbx' \
    "$directory/build.ninja" || fail "the remedy does not copy the profile"

configured with --prefix=/usr -Dapparmor=true
profile=$(installed_as /etc/apparmor.d/sbx)
[ -n "$profile" ] || fail "-Dapparmor=true installs no profile"
grep -q '^profile sbx /usr/bin/sbx flags=(unconfined) {$' "$profile" ||
    fail "the profile is not for /usr/bin/sbx"
grep -q '^  userns,$' "$profile" || fail "the profile does not allow user namespaces"
if grep -q -- '-DSBX_APPARMOR_LOAD=[^;]*share' "$directory/build.ninja"; then
    fail "the remedy copies what is installed"
fi

# Versions before 4.0 know no "userns".
parser=$(PATH=$PATH:/usr/sbin:/sbin command -v apparmor_parser || true)
case $([ -z "$parser" ] || "$parser" --version 2>/dev/null | head -n 1) in
    *" version "[4-9]*)
        "$parser" -QK "$profile" || fail "apparmor_parser refuses the profile"
        echo "apparmor_parser takes the profile"
        ;;
    *) echo "not looked at: the profile's syntax, since apparmor_parser 4.0 is not here" ;;
esac
