#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --profile agent in a project with repositories and settings in directories below: submodules,
# working trees, bare repositories, settings of editors; and what the search for them passes over.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

sandboxed() { "$SBX" --profile agent -- "$@"; }
committing() { "$SBX" --profile agent --profile git -- "$@"; }

# new_repository DIRECTORY
new_repository() {
    git init -q "$1"
    git -C "$1" config user.name Someone
    git -C "$1" config user.email someone@example.org
    echo one >"$1/file"
    git -C "$1" add file
    git -C "$1" commit -qm one
}

new_repository "$work/library"
new_repository .
git -c protocol.file.allow=always submodule --quiet add "$work/library" lib/library
git commit -qm "a submodule"
new_repository tools/deep/down/inner
git worktree add -q trees/other
git clone -q --bare . mirrors/mirror.git
git clone -q --bare . top.git
mkdir -p app/.vscode node_modules/package/.git/hooks
echo '{}' >app/.vscode/settings.json
echo true >app/.envrc
for file in lib/library/.git trees/other/.git; do
    [ -f "$file" ] || fail "a submodule has a file .git: $file"
done

# Nothing in them that runs outside can be changed, in no way.
for path in lib/library/.git .git/modules/lib/library/config .git/modules/lib/library/hooks/evil \
    tools/deep/down/inner/.git/config tools/deep/down/inner/.git/hooks/post-commit \
    tools/deep/down/inner/.git/commondir trees/other/.git .git/worktrees/other/commondir \
    mirrors/mirror.git/config mirrors/mirror.git/hooks/evil top.git/config app/.vscode/tasks.json \
    app/.vscode/settings.json app/.envrc; do
    # shellcheck disable=SC2016  # for the shell inside
    refused sandboxed sh -c 'echo evil >>"$1"' sh "$path"
    # shellcheck disable=SC2016
    refused committing sh -c 'echo evil >>"$1"' sh "$path"
done
for path in lib/library/.git tools/deep/down/inner/.git trees/other/.git mirrors/mirror.git top.git \
    app/.vscode app/.envrc; do
    refused sandboxed mv "$path" elsewhere
    rm -rf elsewhere
    refused sandboxed rm -rf "$path"
    # Nor what it is in be moved away, with something else in its place.
    refused sandboxed mv -T "${path%%/*}" elsewhere
    rm -rf elsewhere
done
refused sandboxed git -C tools/deep/down/inner config core.fsmonitor evil
refused sandboxed git -C lib/library config core.fsmonitor evil
refused sandboxed git -C mirrors/mirror.git config core.fsmonitor evil
# They can be read, their files are the tool's, and the profile "git" opens the outer one alone.
says one sandboxed git -C tools/deep/down/inner log --format=%s
says one sandboxed git -C lib/library log --format=%s
works sandboxed sh -c 'echo two >tools/deep/down/inner/file && echo two >lib/library/file'
says "modified:   file" git -C tools/deep/down/inner status
works committing sh -c 'echo two >file && git commit -qam two'
says two git log -1 --format=%s
refused committing git -C tools/deep/down/inner commit -qam two
refused committing git -C lib/library commit -qam two
# One that is opened by name is.
works "$SBX" --profile agent --unset "protect-try $PWD/*/**/.git" -- \
    git -C tools/deep/down/inner commit -qam two

# What it passes over: packages, which are removed and renamed, and other mounts. Of links it sees
# the name and does not go where they lead.
works sandboxed sh -c 'rm -rf node_modules/package && mkdir -p node_modules/package'
mkdir -p "$work/outside/.vscode" links
ln -s "$work/outside" links/away
ln -s ../.. links/up
works sandboxed true
"$SBX" --profile agent --dry-run -- true >"$work/plan"
refused grep -q "links" "$work/plan"
grep -q "protect \"$PWD/app/.envrc\"" "$work/plan" || fail "what was found is in the plan"
"$SBX" --profile agent --dry-run=json -- true >"$work/plan"
grep -q "$PWD/app/.envrc" "$work/plan" || fail "what was found is in the plan as JSON"
# A link that has one of the names cannot be exchanged.
ln -s ../app/file links/.envrc
refused sandboxed rm -f links/.envrc
refused sandboxed ln -sfT ../app/evil links/.envrc
rm -r links

# A directory that is closed to its owner, who could open it, is named; another's is not.
mkdir closed
chmod 300 closed
"$SBX" --profile agent -- true >"$work/out" 2>&1 || fail "a closed directory is no reason to refuse"
if [ "$(id -u)" -ne 0 ]; then
    grep -q "not all directories.*\[partial-search\]" "$work/out" || fail "a closed directory is named"
else
    [ ! -s "$work/out" ] || fail "root reads it: $(cat "$work/out")"
fi
rmdir closed
"$SBX" --profile agent -- true >"$work/out" 2>&1
[ ! -s "$work/out" ] || fail "nothing to say: $(cat "$work/out")"

# The bound is said, the nearest directories are searched first, and it can be made an error.
mkdir wide
(
    cd wide
    seq 10001 | xargs mkdir
    mkdir 10001/.vscode
)
says "[partial-search]" sandboxed true
says "not all directories" "$SBX" --profile agent --dry-run -- true
refused sandboxed sh -c 'echo evil >app/.envrc'
refused "$SBX" --profile agent --warning partial-search refuse -- true
works "$SBX" --profile agent --warning partial-search hide -- true
[ ! -s "$work/out" ] || fail "it is hidden: $(cat "$work/out")"
rm -r wide
# So it is with what is found.
mkdir many
(
    cd many
    seq 201 | xargs mkdir
    seq 201 | sed 's|$|/.envrc|' | xargs touch
)
says "[partial-search]" sandboxed true
finish
