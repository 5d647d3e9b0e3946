#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# init_bytes.sh FILE OUT: writes to OUT the C++ source of init_bytes(), which gives the bytes of FILE.
set -eu
{
    echo '#include "child/init_file.hpp"'
    echo 'namespace { constexpr unsigned char bytes[] = {'
    od -An -v -tu1 "$1" | sed 's/[0-9][0-9]*/&,/g'
    echo '}; }'
    echo 'std::span<const unsigned char> sbx::sys::init_bytes() { return bytes; }'
} >"$2"
