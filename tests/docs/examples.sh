#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# examples.sh SBX FILE...: runs the examples of man pages (literal displays below EXAMPLES) and of
# Markdown files (blocks after a line "<!-- run -->"), each in a project with a Makefile, as its
# reader would type them. All must succeed.
set -euo pipefail

sbx=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$sbx" "$work/bin/sbx"
export PATH="$work/bin:$PATH" LC_ALL=C.UTF-8
unset XDG_CONFIG_HOME

# The examples of a man page, a NUL byte after each.
examples_of_man() {
    awk '
        /^\.Sh/ { wanted = /^\.Sh EXAMPLES/ }
        /^\.Ed/ { if (wanted && inside) printf "%c", 0; inside = 0 }
        inside && wanted { print }
        /^\.Bd -literal/ { inside = 1 }
    ' "$1" | sed 's/\\-/-/g; s/\\e/\\/g; s/^\\&//; s/\\(dq/"/g'
}

examples_of_markdown() {
    awk '
        /^<!-- run -->$/ { wanted = 1; next }
        wanted && /^    / { print substr($0, 5); some = 1; next }
        wanted && some { printf "%c", 0; wanted = some = 0 }
        END { if (some) printf "%c", 0 }
    ' "$1"
}

# A home for a reader who tries the examples of one page after the other.
new_home() {
    rm -rf "${work:?}/home"
    mkdir -p "$work/home/project"
    printf 'all check:\n\t@touch made\n' >"$work/home/project/Makefile"
    echo key >"$work/home/project/secret.key"
}

# In a subshell: the documents may be named by relative paths.
run_example() (
    cd "$work/home/project"
    HOME="$work/home" bash -eu -o pipefail -c "$1" </dev/null >"$work/out" 2>&1
)

ran=0 failed=0
for file in "$@"; do
    case $file in
        *.md) list=examples_of_markdown ;;
        *) list=examples_of_man ;;
    esac
    count=0
    new_home
    while IFS= read -r -d '' example; do
        count=$((count + 1))
        if ! run_example "$example"; then
            failed=$((failed + 1))
            printf 'an example of %s fails:\n%s\n' "$file" "$example"
            cat "$work/out"
        fi
    done < <($list "$file")
    if [[ $count -eq 0 ]]; then
        echo "no examples in $file"
        failed=$((failed + 1))
    fi
    ran=$((ran + count))
done
echo "$ran examples ran, $failed failed"
[[ $failed -eq 0 ]]
