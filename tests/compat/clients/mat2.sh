# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# mat2 reads and removes the metadata of a picture with exiftool, which it runs in a sandbox.
# shellcheck source=tests/compat/clients/common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

make_picture picture.png
exiftool -quiet -Author=nobody picture.png
# The library, since the program of this release has its option --no-sandbox the wrong way round.
python3 - <<'END'
from libmat2.parser_factory import get_parser

before, _ = get_parser('picture.png')
assert before.get_meta() == {'Author': 'nobody'}
before.lightweight_cleaning = True
assert before.remove_all()
after, _ = get_parser('picture.cleaned.png')
assert after.get_meta() == {}
END
[[ -z $(exiftool -Author picture.cleaned.png) ]]
