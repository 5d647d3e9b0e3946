#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The profile "autorun" by way of "agent": every name on its list is tried by an attacker's hand. The
# lists here are written apart from the profile, so that a name that is lost or misspelt there shows.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

sandboxed() { "$SBX" --profile agent -- "$@"; }

# Neither changed nor created.
never='.git .hg .jj .sl .bzr _darcs .pijul
.husky .overcommit.yml
.envrc .direnv .mise .rvmrc .versions.conf .ruby-env .shadowenv.d
.vscode .devcontainer .devcontainer.json .idea .run .fleet .zed .helix .vim .exrc .vimrc .gvimrc
.nvimrc .nvim.lua .lvimrc .dir-locals.el .dir-locals-2.el
.mcp.json .claude .codex .gemini .qwen .cursor .windsurf .opencode .kiro .roo .kilocode .kilo
.clinerules .continue .junie .factory .amp .openhands .pi .trae .github/hooks
.Rprofile .Renviron .irbrc .pryrc .ghci .ocamlinit .iex.exs .octaverc .psysh.php .pdbrc .perldb'

# Not changed where they are there.
kept='.gitmodules .bare .githooks .hooks .git-hooks .local-overcommit.yml .pre-commit-config.yaml
prek.toml lefthook.yml lefthook.yaml lefthook.toml lefthook.json lefthook-local.yml
lefthook-local.yaml lefthook-local.toml lefthook-local.json .lefthook.yml .lefthook.yaml
.lefthook.toml .lefthook.json .lefthook-local.yml .lefthook-local.yaml .lefthook-local.toml
.lefthook-local.json .config/lefthook.yml .config/lefthook-local.yml .lefthook .lefthook-local
.lintstagedrc .lintstagedrc.json .lintstagedrc.yaml .lintstagedrc.yml .lintstagedrc.js
.lintstagedrc.cjs .lintstagedrc.mjs lint-staged.config.js lint-staged.config.cjs
lint-staged.config.mjs lint-staged.config.ts
flake.nix flake.lock shell.nix default.nix devenv.nix devenv.yaml devenv.lock devbox.json .env
.autoenv .autoenv.zsh .prototools .ruby-version .ruby-gemset .rbenv-vars
.kateproject .vimspector.json .luarc.json .project .externalToolBuilders .gdbinit .lldbinit
.crush/crush.json .continuerc.json .aider.conf.yml .aider.model.settings.yml .RData
.venv .cargo/config.toml .cargo/config .npmrc .yarnrc .yarnrc.yml .yarn/releases .yarn/plugins
.pnp.cjs .pnp.loader.mjs .pnpmfile.cjs bunfig.toml .mvn mvnw gradlew gradle/wrapper .bazelrc
.bazeliskrc .github/workflows .github/actions .forgejo/workflows .gitea/workflows .gitlab-ci.yml
.circleci
.profile .bashrc .bash_profile .bash_login .bash_logout .zshenv .zshrc .zprofile .zlogin .zlogout
.inputrc .tmux.conf .gitconfig .ssh'

# The same, and in directories below, too; an example for each pattern of the profile.
kept_anywhere='?*.git=x.git
mise.toml mise.*.toml=mise.test.toml .mise.toml .mise.*.toml=.mise.local.toml .rtx.toml
.rtx.*.toml=.rtx.local.toml mise/config.toml mise/config.*.toml=mise/config.local.toml .config/mise
.config/mise.toml .config/mise.*.toml=.config/mise.local.toml .tool-versions
*.code-workspace=x.code-workspace *.sublime-project=x.sublime-project
opencode.json opencode.jsonc crush.json .crush.json'

# Only there: of the first list, what is loaded when such a directory is opened.
kept_below='.git .hg .jj .sl .bzr _darcs .pijul .husky .githooks .envrc .direnv .mise .rvmrc
.vscode .devcontainer .devcontainer.json .idea .run .fleet .zed .helix .vim .exrc .vimrc .nvimrc
.nvim.lua .lvimrc .dir-locals.el .dir-locals-2.el
.mcp.json .claude .codex .gemini .qwen .cursor .windsurf .opencode .kiro .roo .kilocode .kilo
.clinerules .continue .junie .factory .amp .openhands .pi .trae'

# patterns LIST, examples LIST: of each PATTERN=EXAMPLE the one or the other.
set -f
patterns() { for name in $1; do echo "${name%%=*}"; done; }
examples() { for name in $1; do echo "${name#*=}"; done; }

# The profile has these names, and no others.
"$SBX" --profile agent --show-profile >"$work/options"
{
    patterns "$never" | sed "s|.*|protect = $PWD/&/|"
    echo "protect-unless = $PWD/.git $PWD/HEAD/"
    patterns "$kept" | sed "s|.*|protect-try = $PWD/&|"
    patterns "$kept_anywhere" | sed "s|.*|protect-try = $PWD/**/&|"
    patterns "$kept_below" | sed "s|.*|protect-try = $PWD/*/**/&|"
} | sort >"$work/wanted"
sed -n "s/  *# autorun:.*//p" "$work/options" | tr -d "'" | sort >"$work/found"
works diff "$work/wanted" "$work/found"
refused grep -q "^protect.*# agent:" "$work/options"

# Run inside: prints what could be done to the paths that it is given.
cat >attack <<'END'
export LC_ALL=C
exec 2>/dev/null
mkdir -p aside/dir && echo evil >aside/file && echo evil >aside/dir/file
for path; do
    # What is missing of the way is made.
    case $path in */*) mkdir -p "${path%/*}" ;; esac
    mkdir "$path" && echo "$path: mkdir" && rmdir "$path"
    echo evil >"$path" && echo "$path: write"
    echo evil >>"$path" && echo "$path: append"
    ln -sT aside "$path" && echo "$path: symlink"
    ln aside/file "$path" && echo "$path: link"
    mv -T aside/file "$path" && echo "$path: rename a file" && echo evil >aside/file
    mv -T aside/dir "$path" && echo "$path: rename a directory" && mkdir aside/dir
    if [ -d "$path" ]; then
        echo evil >"$path/config" && echo "$path: write in it"
        mkdir -p "$path/hooks" && echo "$path: mkdir in it"
        chmod u+w "$path" && echo "$path: chmod"
    fi
    mv -T "$path" elsewhere && echo "$path: move away"
    [ -e "$path" ] && rm -rf "$path" && echo "$path: remove"
    case $path in */*) mv -T "${path%/*}" elsewhere && echo "$path: move what it is in away" ;; esac
done
rm -rf aside elsewhere  # mv copies what it cannot rename
END
# attacked LIST: nothing could be done.
attacked() {
    # shellcheck disable=SC2086  # words
    works sandboxed sh ./attack $1
    [ ! -s "$work/out" ] || {
        fail "attacked"
        cat "$work/out"
    }
}

# What is not there is not created, and no placeholder stays.
attacked "$(examples "$never")"
[ "$(ls -A)" = attack ] || fail "left: $(ls -A)"
# git sees none of it meanwhile, and an unlisted file can be created.
mkdir repository
(
    cd repository
    git init -q .
    mkdir sub
    works sandboxed git status --porcelain
    [ ! -s "$work/out" ] || fail "git status shows placeholders: $(cat "$work/out")"
    works sandboxed sh -c 'echo x >new.c && mkdir -p src/.hidden && echo x >src/.hidden/new.c'
    finish
) || failures=$((failures + 1))
# HEAD would make a repository of the project, and is free in a repository that is there.
refused sandboxed sh -c 'echo "ref: refs/heads/main" >HEAD'
works sandboxed sh -c 'cd repository && echo x >HEAD'

# fill KIND LIST: each path with something of ours: a file, or a directory with a file.
fill() {
    for path in $2; do
        case $path in */*) mkdir -p "${path%/*}" ;; esac
        if [ "$1" = file ]; then
            echo ours >"$path"
        else
            mkdir -p "$path"
            echo ours >"$path/config"
        fi
    done
}
all_of_it() { find . -path ./attack -o -printf '%p %y %m ' -exec sh -c 'test -f "$1" && cat "$1"; echo' - {} \; | sort; }

# As files, and as directories, what is there stays, above and below.
for kind in file directory; do
    rm -rf "${work:?}/home/$kind"
    mkdir "$work/home/$kind"
    cp attack "$work/home/$kind"
    (
        cd "$work/home/$kind"
        above=$(examples "$never $kept $kept_anywhere")
        below=$(examples "$kept_anywhere $kept_below" | sed 's|^|packages/one/|')
        fill "$kind" "$above $below"
        all_of_it >"$work/before"
        attacked "$above $below"
        all_of_it >"$work/after"
        works diff "$work/before" "$work/after"
        # What is beside them is the tool's.
        works sandboxed sh -c 'echo x >packages/one/new && rm packages/one/new && mkdir packages/two'
        finish
    ) || failures=$((failures + 1))
done
finish
