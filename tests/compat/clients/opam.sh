# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# opam builds and installs packages from a repository in a directory; each of their commands runs in
# the sandbox that opam's own script makes.

# package NAME BUILD: adds a package with hello.c and this build command to the repository.
package() {
    local -r directory=repository/packages/$1/$1.1.0
    mkdir -p "$directory/files"
    cat >"$directory/files/hello.c" <<'END'
#include <stdio.h>
int main(void) { return puts("hello from a package") < 0; }
END
    cat >"$directory/opam" <<END
opam-version: "2.0"
build: ["sh" "-exc" "$2"]
install: ["cp" "hello" "%{bin}%"]
extra-files: ["hello.c" "md5=$(md5sum <"$directory/files/hello.c" | cut -c 1-32)"]
END
}

mkdir repository
echo 'opam-version: "2.0"' >repository/repo
package hello 'cc -o hello hello.c'
package writer "cc -o hello hello.c; touch $HOME/outside"

opam init --yes --bare --no-setup repository
opam switch create test --empty
opam install --yes hello
[[ $("$(opam var bin)/hello") == "hello from a package" ]]
opam remove --yes hello
[[ ! -e $(opam var bin)/hello ]]

# Only the build's own directory may be written to.
if opam install --yes writer >refused 2>&1; then exit 1; fi
grep "cannot touch '$HOME/outside': Read-only file system" refused
