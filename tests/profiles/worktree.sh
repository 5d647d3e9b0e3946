#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Linked worktrees of git: what the profiles say of them, what makes git work there, and that the
# file .git of a directory alone names nothing that sbx would recommend to show.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

git config --global user.name Someone
git config --global user.email someone@example.org
git init -q
echo one >file
git add file
git commit -qm "The first one"
main=$PWD
tree="$HOME/a tree"
git worktree add -q -b side "$tree"
cd "$tree"

agent() { "$SBX" --profile agent "$@"; }

# It is said what is missing, and that is what is missing.
says "a linked worktree of the repository $main/.git, which is not inside" agent -- true
printed "; --ro-bind $main/.git $main/.git shows it, to be read only"
printed "[git-worktree]"
refused agent -- git status
shown() { agent --ro-bind "$main/.git" "$main/.git" "$@"; }
works shown -- true
refused grep git-worktree "$work/out"
echo two >file
says " M file" shown -- git status --porcelain
says "The first one" shown -- git log --format=%s
refused shown -- git commit -qam two
for path in hooks/post-commit config "worktrees/a-tree/HEAD" "worktrees/a-tree/commondir"; do
    # shellcheck disable=SC2016  # for the shell inside
    refused shown -- sh -c 'echo evil >>"$1"' sh "$main/.git/$path"
done
refused shown -- sh -c 'echo "gitdir: evil" >.git'
refused ls -d "$main/.git/hooks/post-commit"
works agent --warning git-worktree hide -- true
refused grep git-worktree "$work/out"

# A build seldom asks git, so that it is said only if something failed.
works "$SBX" --profile build -- true
refused grep git-worktree "$work/out"
refused "$SBX" --profile build -- git status
printed "[git-worktree]"
works "$SBX" --profile build --ro-bind "$main/.git" "$main/.git" -- git status

# The profile git is for a repository in the working directory.
refuses "\"$tree\" is a linked worktree of the repository \"$main/.git\"" \
    agent --profile git -- true
printed "start in the main working tree, \"$main\", or leave out --profile git"
refused grep git-worktree "$work/out"

# By a path that depends on where the file is, and with a name that a shell would take apart.
mv "$main" "$HOME/a project"
main="$HOME/a project"
git -C "$main" worktree repair "$tree" >"$work/out" 2>&1
echo "gitdir: ../a project/.git/worktrees/a-tree" >.git
says "--ro-bind '$main/.git' '$main/.git' shows it" agent -- true
says " M file" agent --ro-bind "$main/.git" "$main/.git" -- git status --porcelain

# What the directory alone says is no reason to show another one.
silent() {
    works agent -- true
    if grep -q git-worktree "$work/out"; then fail "$1 recommends nothing: $(cat "$work/out")"; fi
}
named=$(cat .git)
mkdir "$HOME/forged"
cd "$HOME/forged"
echo "$named" >.git
silent "the .git of another worktree"
echo "gitdir: $main/.git/worktrees/a-tree" >.git
silent "the same as an absolute path"
mkdir -p "$HOME/.ssh/worktrees/x"
echo "gitdir: $HOME/.ssh/worktrees/x" >.git
silent "a directory that names nothing"
echo "gitdir: $HOME/.ssh" >.git
silent "a directory of another form"
# A repository that the command itself may have made, and a link in it which may lead elsewhere later.
mkdir -p own/worktrees/x own/objects own/refs
: >own/HEAD
echo "$PWD/.git" >own/worktrees/x/gitdir
echo "gitdir: own/worktrees/x" >.git
silent "a repository that is inside"
mkdir "$HOME/else"
mv own "$HOME/else/own"
ln -s "$HOME/else/own" own
silent "a link to a repository"
echo "gitdir: $HOME/else/own/worktrees/x" >.git
says "[git-worktree]" agent -- true
rm "$HOME/else/own/HEAD"
silent "a directory that is no repository"
rm .git
mkfifo .git
silent "a pipe"
rm .git
ln -s "$tree/.git" .git
silent "a link to the .git of a worktree"
rm .git

# A submodule has its repository elsewhere, too.
cd "$main"
git -c protocol.file.allow=always submodule --quiet add "$main" part
cd part
refuses "is a file, as in a submodule, and its repository is elsewhere" agent --profile git -- true
silent "a submodule"
finish
