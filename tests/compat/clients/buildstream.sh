# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# BuildStream builds an element in sandboxes, and caches and checks out what came of it.
# shellcheck source=tests/compat/clients/common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

echo outside >secret
copy_programs base bash cat grep install ls mkdir sed
mkdir elements source
cat >project.conf <<'END'
name: test
element-path: elements
END
# While integration commands run, the root is a FUSE file system that may be written to.
cat >elements/base.bst <<'END'
kind: import
sources:
- kind: local
  path: base
public:
  bst:
    integration-commands:
    - grep ' / / .* - fuse' /proc/self/mountinfo
    - echo integrated >/state
END
cat >elements/hello.bst <<END
kind: manual
depends:
- filename: base.bst
  type: build
sources:
- kind: local
  path: source
variables:
  strip-binaries: ""
config:
  build-commands:
  - grep integrated /state
  - test ! -e '$PWD/secret'
  - sed 's/@NAME@/%{element-name}/' hello.in >hello
  install-commands:
  - install -D hello '%{install-root}/etc/hello'
END
echo 'hello from @NAME@' >source/hello.in

bst --no-interactive build hello.bst
bst checkout hello.bst result
[[ $(<result/etc/hello) == "hello from hello.bst" ]]

# A shell with what hello.bst was built with.
status=0
bst shell --build hello.bst -- sh -c 'grep hello hello.in && exit 42' || status=$?
[[ $status == 42 ]]
