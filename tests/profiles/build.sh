#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --profile build: a program is compiled, linked, tested and installed in the working directory.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

sandboxed() { "$SBX" --profile build -- "$@"; }

cat >hello.c <<'END'
#include <stdio.h>
int main(void) { puts("hello from " __FILE__); return 0; }
END
cat >Makefile <<'END'
prefix = /usr/local
hello: hello.c
	$(CC) $(CFLAGS) -o $@ hello.c
check: hello
	./hello | grep -q hello.c
install: hello
	install -D hello $(DESTDIR)$(prefix)/bin/hello
END
works sandboxed make check
works sandboxed make install DESTDIR="$PWD/stage"
says "hello from hello.c" ./stage/usr/local/bin/hello
CFLAGS=-nonsense refused sandboxed make -B  # the caller's settings reach the compiler

# The system can be read, and not changed; the home is another one, and forgotten.
works sandboxed test -r /usr/bin/env
refused sandboxed touch /usr/x
refused sandboxed touch /etc/x
refused sandboxed test -e "$HOME/.ssh"
echo key >"$HOME/key"
refused sandboxed cat "$HOME/key"
# shellcheck disable=SC2016  # for the shell inside
says /home/build sandboxed sh -c 'echo x >"$HOME/file" && echo "$HOME"'
# shellcheck disable=SC2016
refused sandboxed sh -c 'test -e "$HOME/file"'
# The environment is clean, and the caller is who it was.
refused sandboxed printenv SECRET_TOKEN
says "$(id -u)" sandboxed id -u
# What chooses tools and their options is kept, and nothing that may be a token.
for name in MAKEFLAGS PKG_CONFIG_PATH CMAKE_PREFIX_PATH RUSTFLAGS GOFLAGS GOPROXY npm_config_registry; do
    says kept env "$name=kept" "$SBX" --profile build -- printenv "$name"
done
for name in CARGO_REGISTRY_TOKEN npm_config__auth NPM_TOKEN http_proxy; do
    refused env "$name=secret" "$SBX" --profile build -- printenv "$name"
done
for name in http_proxy HTTPS_PROXY no_proxy; do
    says kept env "$name=kept" "$SBX" --profile build --profile network -- printenv "$name"
done
# There is no network but loopback: its table has two lines of heading.
says 3 sandboxed sh -c 'wc -l </proc/net/dev'
# A directory above that has the sources is told of, before the command and in the end.
mkdir -p tree/build tree/lib
(
    cd tree/build
    says "the directory above, ${PWD%/*}, is not inside" sandboxed echo ..
    refused sandboxed test -d ../lib
    printed "start there, or --bind .. ${PWD%/*} brings it in [parent-directory]"
    works "$SBX" --profile build --bind .. "${PWD%/*}" -- test -d ../lib
    works sandboxed true
    refused grep . "$work/out"
    finish
) || failures=$((failures + 1))
# One id is enough for fakeroot, which must not try to change the owner.
works sandboxed fakeroot install -o daemon -g mail Makefile installed
starts_apart build
starts_in_projects build
# A cache in the home is for builds to write to, and needs no warning.
mkdir "$HOME/.ccache"
works "$SBX" --profile build --bind "$HOME/.ccache" "$HOME/.ccache" -- touch "$HOME/.ccache/x"
refused grep . "$work/out"

# A repository that is there is read by builds, for a version, and not written to.
git init -q
git config user.name Someone
git config user.email someone@example.org
git add hello.c Makefile
git commit -qm one
git tag v1
cat >>Makefile <<'END'
version:
	git rev-parse --verify HEAD
	git describe --tags --dirty --always
	git status --porcelain --untracked-files=no
	git update-index --refresh || true
END
works sandboxed make hello CFLAGS=-O1
says v1-dirty sandboxed make version
git checkout -q Makefile
touch hello.c  # its entry in the index is stale, and the build may not write a new one
says v1 sandboxed git describe --tags --dirty
refused grep -q dirty "$work/out"
for path in .git/hooks/post-commit .git/config .git/commondir .git/HEAD; do
    # shellcheck disable=SC2016  # for the shell inside
    refused sandboxed sh -c 'echo evil >>"$1"' sh "$path"
done
refused sandboxed git config core.fsmonitor evil
refused sandboxed mv .git elsewhere
refused sandboxed rm -rf .git
refused ls -d .git/hooks/post-commit
# For a build that has to, it is taken back.
works "$SBX" --profile build --unset "protect-try $PWD/.git" -- git tag v2
# In a working tree of its own, where .git is a file, and where there is none.
git worktree add -q "$work/tree"
mkdir "$work/none"
(
    cd "$work/tree"
    refused sandboxed sh -c 'echo "gitdir: evil" >.git'
    refused sandboxed rm -f .git
    cd "$work/none"
    works sandboxed git init -q
    works test -d .git
    finish
) || failures=$((failures + 1))
finish
