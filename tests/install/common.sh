# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What the tests of the build's options share: MESON and SOURCE, their arguments, a directory to work
# in, and how they fail. Sourced.
set -eu

# shellcheck disable=SC2034  # used by those who source this file
meson=$1
# shellcheck disable=SC2034
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8

fail() {
    echo "FAILED: $*"
    exit 1
}
