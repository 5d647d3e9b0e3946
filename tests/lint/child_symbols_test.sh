#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# child_symbols_test.sh SCRIPT NM GOOD-ARCHIVE BAD-ARCHIVE: child_symbols.sh must find what
# allocates, and must fail when its tool does or says nothing.
set -eu

script=$1
nm=$2
good=$3
bad=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# must_fail WORDS NM ARCHIVE
must_fail() {
    if "$script" "$2" "$3" >"$work/out" 2>&1; then
        echo "not noticed: $1"
        exit 1
    fi
    grep -qF -e "$1" "$work/out" || { echo "not said: $1"; cat "$work/out"; exit 1; }
}

# fake_nm LINES EXIT-STATUS: a tool that prints LINES after what the real one says of the child.
fake_nm() {
    printf '#!/bin/sh\n"%s" "$@"\nprintf "%s"\nexit %s\n' "$nm" "$1" "$2" >"$work/nm"
    chmod +x "$work/nm"
}

"$script" "$nm" "$good"
must_fail "shows no symbols of the child" "$nm" "$bad"
must_fail "failed on" "$nm" "$work/nowhere.a"
must_fail "failed on" false "$good"
must_fail "failed on" "$work/no-such-tool" "$good"
must_fail "shows no symbols" true "$good"

fake_nm '' 0
"$script" "$work/nm" "$good"
fake_nm '' 1
must_fail "failed on" "$work/nm" "$good"

# The child's own symbols together with those of a library that calls malloc.
cat >"$work/both" <<END
#!/bin/sh
"$nm" "\$@" && "$nm" --portability --extern-only "$bad"
END
chmod +x "$work/both"
must_fail "malloc" "$work/both" "$good"

for line in 'malloc U' '_Znwm U' 'pthread_mutex_lock w' 'environ v'; do
    fake_nm "$line         \\n" 0
    must_fail "${line% *}" "$work/nm" "$good"
done
fake_nm '_ZNKSs4sizeEv W 0 10\n' 0
must_fail "others may replace" "$work/nm" "$good"
