#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --profile agent --profile git: the tool may commit, and leaves no trap for a git command outside.
# Each attack is shown to work where nothing forbids it, and not to work with the profile.
# shellcheck disable=SC2016  # for the shells inside
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

GIT_EDITOR=true
export GIT_EDITOR
git config --global user.name Someone
git config --global user.email someone@example.org
git config --global init.defaultBranch main
git config --global protocol.file.allow always
project=$HOME/project
victim=$work/victim
ran=$work/ran
touch="touch $ran; false"

sandboxed() {
    "$SBX" --profile agent --profile git --ro-bind "$HOME/.gitconfig" "$HOME/.gitconfig" \
        --setenv GIT_EDITOR true "$@"
}
# The same without the defences of this profile against traps.
open() {
    sandboxed --watch-git "$project" off --unset "protect $project/.git/remotes/" \
        --unset "protect $project/.git/branches/" --unset "protect-try $project/.git/rebase-merge" \
        -- "$@"
}

# A repository with two commits and a branch, and a file of the user's that nobody shows inside.
fresh() {
    cd "$HOME"
    chmod -R u+rwx "$project"
    rm -rf "$project" "$victim" "$ran" "$work/other"
    mkdir "$project"
    cd "$project"
    git init -q
    echo one >file
    git add file
    git commit -qm one
    git branch side
    echo two >file
    git commit -qam two
    echo mine >"$victim"
}

# evil DIRECTORY: settings there that run a command, for any look at the working tree around it.
evil='evil() { mkdir -p "$1/refs" "$1/objects" && echo "ref: refs/heads/main" >"$1/HEAD" &&
    printf "[core]\n repositoryformatversion = 0\n fsmonitor = \"%s\"\n worktree = %s\n" "$2" "$3" >"$1/config"; }; '

harmed() { [ "$(cat "$victim" 2>/dev/null)" != mine ] || [ -e "$ran" ]; }

# attack HOW NAME ATTACK COMMAND: a shell inside runs ATTACK, and a user outside COMMAND, by habit.
# HOW: "ends" the sandbox, is "told" of at the end, or "kept" from happening.
attack() {
    how=$1 name=$2 inside=$evil$3 outside=$4
    set -- sh -c "$inside" sh "$victim" "$touch" "$project"
    fresh
    open "$@" >"$work/out" 2>&1 || true
    (eval "$outside") >"$work/out" 2>&1 || true
    harmed || fail "$name: the attack works where nothing forbids it ($(tail -n 1 "$work/out"))"

    fresh
    status=0
    sandboxed -- "$@" >"$work/told" 2>&1 || status=$?
    case $how in
    ends)
        [ "$status" -eq 123 ] || fail "$name: it ends the sandbox, and not with $status"
        grep -q "is a trap for git" "$work/told" || fail "$name: it is said why"
        grep -q "warning: .*sbx moved it to" "$work/told" || fail "$name: it is moved aside"
        ;;
    told) grep -q "^sbx: warning: " "$work/told" || fail "$name: it is told" ;;
    esac
    [ "$how" = told ] || {
        (eval "$outside") >"$work/out" 2>&1 || true
        if harmed; then
            fail "$name: nothing happens outside"
            cat "$work/told" "$work/out"
        fi
    }
}

commit="echo three >>file; git commit -qam three"

# Links, through which git writes.
attack ends "a link in .git" 'ln -s "$1" .git/COMMIT_EDITMSG 2>/dev/null ||
    ln -sf "$1" .git/COMMIT_EDITMSG' "$commit"
attack ends "a link that is renamed" 'ln -s "$1" x && mv x .git/COMMIT_EDITMSG' "$commit"
attack ends "a link in logs" 'ln -sf "$1" .git/logs/HEAD' "$commit"
attack ends "a link in a new directory of logs" 'git checkout -qb feature/new &&
    ln -sf "$1" .git/logs/refs/heads/feature/new' "$commit"
attack ends "a link in a directory that is moved there" 'mkdir -p d/feature &&
    git checkout -qb feature/new && ln -s "$1" d/feature/new &&
    rm -r .git/logs/refs/heads/feature && mv d/feature .git/logs/refs/heads/' "$commit"
attack ends "a link in a directory that is closed" 'ln -sf "$1" .git/logs/HEAD;
    chmod 500 .git/logs .git' "chmod 700 .git; $commit"
attack ends "a link to a new file" 'rm .git/index; ln -s "$1.new" .git/index' \
    'git add file; [ ! -e "$victim.new" ] || rm "$victim.new" "$victim"'
attack ends "branches that are elsewhere" \
    'mv .git/refs/heads .git/h && ln -s "${1%/*}" .git/refs/heads' \
    'git branch made $(cat .git/h/side); [ ! -e "$work/made" ] || rm "$work/made" "$victim"'
attack ends "objects of another repository" 'rm -rf .git/objects/pack
    ln -s "${1%/*}/other/.git/objects/pack" .git/objects/pack' \
    'git clone -q . ../../other 2>/dev/null || git init -q ../../other
     : >../../other/.git/objects/pack/tmp_pack_x
     touch -d "1 year ago" ../../other/.git/objects/pack/tmp_pack_x; git prune --expire=now
     [ -e ../../other/.git/objects/pack/tmp_pack_x ] || rm "$victim"'

# Settings from elsewhere.
attack ends "commondir" 'evil evil "$2" "$3" && echo ../evil >.git/commondir' "git status"
attack ends "a project that is a repository" 'evil . "$2" . && rm .git/HEAD' "git status"
attack ends "a project in the place of a broken one" 'evil . "$2" . && echo x >.git/HEAD' \
    "git status"
attack ends "a project with commondir" 'evil e "$2" .. && cp e/HEAD . && echo e >commondir &&
    rm .git/HEAD' "git log; git status; git -c core.bare=false --work-tree=. status"

# An index with other paths than git writes. It is signed, but by nobody's key.
forge='forge() { b=$(git hash-object -w --stdin <file) &&
    git update-index --add --cacheinfo "100755,$b,$1" && perl -MDigest::SHA=sha1 -0777 -pi -e "
        substr(\$_, -20) = \"\"; s{\Q$1\E}{$2}; \$_ .= sha1(\$_)" .git/index; }; '
attack ends "a forged index" "$forge"'forge ______victim ../../victim' "git checkout -q ."
attack ends "a forged index, of hooks" "$forge"'printf "#!/bin/sh\n%s\n" "$2" >file &&
    forge _git/hooks/post-commit .git/hooks/post-commit' "git restore .; $commit"
attack ends "a forged index of version 4" "$forge"'git update-index --index-version 4 &&
    forge ______victim ../../victim' "git checkout -q ."

# Remotes of old.
hooked='git init -q --bare r && printf "#!/bin/sh\n%s\n" "$2" >r/hooks/pre-receive &&
    chmod +x r/hooks/pre-receive; '
attack kept "a remote in .git/remotes" "$hooked"'mkdir -p .git/remotes &&
    echo "URL: $3/r" >.git/remotes/origin' "git push origin main"
attack kept "a remote in .git/branches" "$hooked"'mkdir -p .git/branches &&
    echo "$3/r#main" >.git/branches/origin' "git push origin main"

# Operations of git, and repositories, may be meant.
rebase='d=.git/rebase-merge; mkdir $d && git rev-parse HEAD | tee $d/onto >$d/orig-head &&
    echo refs/heads/main >$d/head-name && echo "exec $2" >$d/git-rebase-todo && : >$d/interactive'
attack told "an operation that is not finished" "$rebase" "git rebase --continue"
fresh
says '"kind": "operation"' sandboxed --result - -- sh -c "$rebase" sh x "$touch"
attack told "a repository below" 'git init -q sub && cd sub && git commit -q --allow-empty -m x &&
    cd .. && git -c advice.addEmbeddedRepo=false add sub && evil sub/.git "$2" ..' "git status"
attack told "a bare repository below" 'mkdir sub && evil sub "$2" ..' "cd sub; git status"
attack told "a repository that is none any more" 'evil . "$2" . && rm -r .git/refs' "git status"

# Your own operation is kept as it is, and is not lost.
fresh
git checkout -q side
echo three >file
git commit -qam three
git rebase -q main >/dev/null 2>&1 || true
refused sandboxed -- sh -c 'echo "exec false" >>.git/rebase-merge/git-rebase-todo'
refused sandboxed -- rm -r .git/rebase-merge
works sandboxed -- sh -c 'echo four >file && git add file'
if grep . "$work/out"; then fail "nothing is told of an operation of your own"; fi
works git rebase --continue
says four cat file

# Ordinary work with git inside goes on, and nothing is told of it.
quiet() {
    works sandboxed -- sh -c "$1"
    if grep "^sbx: " "$work/out"; then fail "nothing is told of: $1"; fi
}
quiet 'echo 3 >file && git commit -qam three && git commit -q --amend -m third'
quiet 'echo 4 >file && git stash -q && git stash pop -q && git checkout -q file'
quiet 'git checkout -qb topic main && echo 5 >file && git commit -qam five && git rebase side ||
    { echo 6 >file && git add file && git rebase --continue; }'
quiet 'GIT_SEQUENCE_EDITOR="sed -i s/pick/reword/" git rebase -i HEAD~'
quiet 'git checkout -q side && echo x >more && git add more && git commit -qm more &&
    git merge -q -s ours --no-edit topic && git cherry-pick --allow-empty HEAD~ || git cherry-pick --skip'
quiet 'git bisect start && git bisect bad side && git bisect good main && git bisect reset'
quiet 'git clone -q --bare . /tmp/remote && git fetch -q /tmp/remote && git gc -q 2>/dev/null &&
    git submodule status && git tag -am tag v1 && git pack-refs --all'
quiet 'ln -s file link && git add link && git commit -qm link'
works git fsck

# Links that are yours stay, and the locks of an editor are none of git's.
fresh
mkdir "$work/other"
ln -s "$work/other" .git/rr-cache
quiet 'ln -s user@host.1 ".git/.#COMMIT_EDITMSG"'
works test -L .git/rr-cache
works test -L ".git/.#COMMIT_EDITMSG"

# "tell" ends nothing and moves nothing; names that come from inside forge no line.
fresh
status=0
sandboxed --watch-git "$project" tell -- sh -c 'ln -s /x ".git/a
sbx: forged"; echo x >.git/commondir; exit 3' >"$work/out" 2>&1 || status=$?
[ "$status" -eq 3 ] || fail "tell leaves the exit status, and not $status"
grep -q '^sbx: warning: .*/a\\nsbx: forged" is a new symbolic link' "$work/out" ||
    fail "a name is quoted"
grep -q 'commondir" is new' "$work/out" || fail "each trap is told"
works test -e .git/commondir
rm .git/commondir

# A trap ends a sandbox that goes on.
fresh
status=0
timeout 60 "$SBX" --profile agent --profile git -- sh -c 'ln -s /x .git/x; exec sleep 1000' \
    >"$work/out" 2>&1 || status=$?
[ "$status" -eq 123 ] || fail "a trap ends the sandbox at once, and not with $status"

# The better way: a clone that shares nothing, from which the user fetches.
fresh
works git clone -q --no-hardlinks . ../work
cd ../work
works sandboxed -- sh -c 'chmod -R u+w .git/objects && find .git/objects -type f -exec \
    sh -c "for f; do echo x >\$f; done" sh {} +'
cd "$project"
works git fsck
rm -rf ../work
git clone -q --no-hardlinks . ../work
cd ../work
works sandboxed -- sh -c 'echo five >file && git commit -qam five'
for hook in post-update pre-receive post-checkout reference-transaction; do
    printf '#!/bin/sh\ntouch %s\n' "$ran" >.git/hooks/$hook
    chmod +x .git/hooks/$hook
done
git config core.fsmonitor "$touch"
git config uploadpack.packObjectsHook "$touch"
rm -f "$ran"
cd "$project"
works git fetch ../work
says "+five" git diff HEAD...FETCH_HEAD
refused ls -d "$ran"
finish
