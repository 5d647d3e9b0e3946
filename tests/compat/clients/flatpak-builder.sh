# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# flatpak-builder builds an app from a manifest, each of its commands in a sandbox.
# shellcheck source=tests/compat/clients/common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

flatpak_runtime bash cat install ldconfig sed

echo 'echo "hello from @NAME@"' >hello.in
cat >org.example.Hello.json <<'END'
{
    "app-id": "org.example.Hello",
    "runtime": "org.example.Platform",
    "runtime-version": "1",
    "sdk": "org.example.Platform",
    "command": "hello",
    "modules": [
        {
            "name": "hello",
            "buildsystem": "simple",
            "build-commands": [
                "(echo '#!/bin/sh'; sed \"s/@NAME@/$FLATPAK_ID/\" hello.in) >hello",
                "install -D hello /app/bin/hello"
            ],
            "sources": [ { "type": "file", "path": "hello.in" } ]
        }
    ]
}
END
flatpak-builder --repo=repository build org.example.Hello.json
[[ $(flatpak-builder --run build org.example.Hello.json hello) == "hello from org.example.Hello" ]]
flatpak --user --noninteractive install local org.example.Hello
[[ $(flatpak run org.example.Hello) == "hello from org.example.Hello" ]]
