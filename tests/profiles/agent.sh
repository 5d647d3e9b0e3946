#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --profile agent: a tool that is not trusted works in a project with a git repository.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

sandboxed() { "$SBX" --profile agent -- "$@"; }
committing() { "$SBX" --profile agent --profile git -- "$@"; }

git init -q
git config user.name Someone
git config user.email someone@example.org
echo one >file
git add file
git commit -qm one
mkdir .vscode "$HOME/.ssh"
echo '{}' >.vscode/settings.json
echo 'alias a=b' >.bashrc
echo key >"$HOME/.ssh/id_ed25519"

# The project is its own to change.
works sandboxed sh -c 'echo two >file && mkdir -p src && echo x >src/new && rm src/new'
says two cat file
says "modified:   file" sandboxed git status
says one sandboxed git log --format=%s
says "+two" sandboxed git diff HEAD

# What runs later, by itself, is not.
for path in .git/hooks/post-commit .git/config .git/commondir .vscode/settings.json \
    .vscode/tasks.json .bashrc .envrc .idea .mcp.json .claude .cursor .husky .husky/pre-commit \
    .devcontainer/devcontainer.json .zed/tasks.json .codex .gemini; do
    # shellcheck disable=SC2016  # for the shell inside
    refused sandboxed sh -c 'echo evil >"$1"' sh "$path"
    refused sandboxed rm -r "$path"
done
refused sandboxed git config core.fsmonitor evil
refused sandboxed mv .git elsewhere
refused sandboxed mv .vscode elsewhere
refused sandboxed ln -s elsewhere .idea
works test ! -e .git/hooks/post-commit
says "alias a=b" cat .bashrc
# A link in the place of one of these is kept as well, wherever it leads.
echo old >settings
ln -s settings .envrc
ln -s nowhere .mcp.json
says old sandboxed cat .envrc
refused sandboxed sh -c 'echo evil >.envrc'
refused sandboxed sh -c 'echo evil >settings'
refused sandboxed sh -c 'echo evil >nowhere'
refused sandboxed rm -f .envrc .mcp.json
says old cat settings
refused ls -d nowhere
rm .envrc .mcp.json settings
says "{}" cat .vscode/settings.json
# No placeholder is left of what was missing.
for path in .envrc .idea .mcp.json .claude .cursor .husky .devcontainer .zed; do
    refused ls -d "$path"
done

# Nor when the directory is closed to its owner, or a link leads to a directory that is not there.
refused sandboxed sh -c 'chmod 555 . && exit 3'
refused ls -d .envrc .idea
refused sandboxed sh -c 'chmod 500 . && exit 3'
refused ls -d .envrc .idea
chmod 755 .
ln -s missing/ .envrc
works sandboxed true
refused sandboxed rm .envrc
refused sandboxed mkdir missing
rm .envrc
refused ls -d missing

# A repository that is not there cannot be made, in which hooks would run.
mkdir plain
(
    cd plain
    refused sandboxed git init
    # Nor can the directory itself become one, whose settings git would follow.
    refused sandboxed sh -c 'echo "ref: refs/heads/main" >HEAD'
    sandboxed git init --bare . >/dev/null 2>&1 || true
    refused ls -d HEAD
    says false git rev-parse --is-bare-repository
    finish
) || failures=$((failures + 1))
refused ls -d plain/.git
# Where the repository is further up, git works on outside meanwhile.
mkfifo "$work/up" "$work/down"
# shellcheck disable=SC2016  # for the shell inside
(cd plain && sandboxed sh -c 'ls -d .git && read -r line' <"$work/down" >"$work/up") &
exec 3>"$work/down"
read -r line <"$work/up"
[ "$line" = .git ] || fail "a placeholder of .git is there: $line"
says plain/ git -C plain rev-parse --show-prefix
# Another one meanwhile does not take the placeholder for a repository.
cd plain
refused sandboxed sh -c 'rmdir HEAD; echo "ref: refs/heads/main" >HEAD'
refused test -f HEAD
cd ..
exec 3>&-
wait
refused ls -d plain/HEAD plain/.git

# In the home directory it would have everything, so it does not start there.
(
    cd "$HOME"
    refused sandboxed true
    grep -q "makes your home directory writable" "$work/out" || fail "it says why it does not start"
    # Nor by another name for it.
    ln -s home "$work/link"
    refused env HOME="$work/link" "$SBX" --profile agent -- true
    finish
) || failures=$((failures + 1))

# The environment is not believed alone: the home in /etc/passwd is one, too, by any name.
echo "me:x:0:0::$HOME:/bin/sh" >"$work/passwd"
mkdir "$work/mounted"
# shellcheck disable=SC2016  # for the shell in these namespaces
refuses "makes your home directory writable" unshare --user --map-root-user --mount sh -c '
    mount --bind "$1/passwd" /etc/passwd && cd "$1/home" &&
        HOME=/tmp "$SBX" --profile agent -- true' sh "$work"
# shellcheck disable=SC2016
refuses "makes your home directory writable" unshare --user --map-root-user --mount sh -c '
    mount --bind "$1/home" "$1/mounted" && cd "$1/mounted" && "$SBX" --profile agent -- true' \
    sh "$work"
# Where settings are it could have programs run outside, and the next sandbox be another one.
mkdir -p "$HOME/.config/sbx" "$HOME/.config/tool" "$HOME/.local/bin" "$HOME/bin"
for directory in .config .config/sbx .config/tool .local .local/bin .ssh; do
    cd "$HOME/$directory"
    refuses "which is in your home and gives programs outside their settings" sandboxed true
done
cd "$HOME/bin"
works sandboxed true
refuses "which is in your PATH" env PATH="$HOME/bin:$PATH" "$SBX" --profile agent -- true
refuses "which is in your PATH" env PATH=".:$PATH" "$SBX" --profile agent -- true
cd "$HOME/project"
refuses "which is in your PATH" env PATH="$PWD/tools:$PATH" "$SBX" --profile agent -- true
works env PATH="$PWD/tools:$PATH" "$SBX" --profile agent --protect "$PWD/tools" -- true
mkdir -p "$work/config/sbx"
cd "$work/config"
refuses "where sbx looks for profiles" env XDG_CONFIG_HOME="$PWD" "$SBX" --profile agent -- true
cd "$HOME/project"

# A socket by which programs are started outside, here tmux's, comes in with no directory.
starts_apart agent
starts_in_projects agent
tmux=$work/sticky/tmux-$(id -u)/default
mkdir "${tmux%/*}"
cd "$work/sticky"
refuses "brings in the socket \"$tmux\", by which a program inside can start others outside" \
    listening "$tmux" "$SBX" --profile agent --warning shared-directory hide -- true
cd "${tmux%/*}"
refuses "brings in the socket \"$tmux\"" \
    listening "$tmux" env TMUX="$tmux,1,0" "$SBX" --profile agent -- true
# With the refusal switched off the command connects: the attack is real.
works listening "$tmux" "$SBX" --profile agent --ro-bind "$COMPOSITOR" /connect \
    --warning agent-socket hide -- /connect connect "$tmux"
rm "$tmux"
works sandboxed true
cd "$HOME/project"
refuses "by which a program inside can talk to one of yours outside" \
    listening "$PWD/own" "$SBX" --profile agent -- true
refused listening "$PWD/own" "$SBX" --profile agent --mask "$PWD/own" \
    --ro-bind "$COMPOSITOR" /connect -- /connect connect "$PWD/own"
works listening "$PWD/own" "$SBX" --profile agent --mask "$PWD/own" -- true
rm own
# A profile that is for one socket brings in that one.
works listening "$XDG_RUNTIME_DIR/pipewire-0" "$SBX" --profile agent --profile sound \
    --ro-bind "$COMPOSITOR" /connect -- /connect connect "$XDG_RUNTIME_DIR/pipewire-0"
works listening "$XDG_RUNTIME_DIR/bus" "$SBX" --profile agent --profile dbus -- true

# No secret, and no network.
refused sandboxed cat "$HOME/.ssh/id_ed25519"
refused sandboxed ls -d "$HOME/.ssh"
refused sandboxed printenv SECRET_TOKEN
refused sandboxed printenv LC_TOKEN
says 3 sandboxed sh -c 'wc -l </proc/net/dev'
# shellcheck disable=SC2016
works sandboxed sh -c 'echo x >~/.bashrc'
refused ls -d "$HOME/.bashrc"

# With the profile "git" it may commit, and no more.
works committing git commit -qam two
says two git log --format=%s
# shellcheck disable=SC2016
refused committing sh -c 'echo evil >.git/hooks/post-commit'
refused committing git config core.fsmonitor evil
# What is missing shows up neither inside nor, meanwhile, outside.
echo three >new
says "?? new" committing git status --porcelain
works committing sh -c 'git add -A && git commit -qm three'
says new git show --format= --name-only HEAD
refused committing rm -f .git/config
refused committing mv .git elsewhere
refused committing mv .git/hooks elsewhere
finish
