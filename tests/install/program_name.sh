#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# program_name.sh MESON SOURCE: the option "program_name" installs the program, its pages, completions
# and pkg-config file under another name, which its messages have, too.
# shellcheck source=tests/install/common.sh
. "$(dirname "$0")/common.sh"

for wrong in '' bwrap -x a/b 'a b' 'a"b'; do
    if "$meson" setup -Dtests=false "-Dprogram_name=$wrong" "$work/wrong" "$source" \
        >"$work/log" 2>&1; then
        fail "the name \"$wrong\" is allowed"
    fi
    grep -q 'program_name: letters' "$work/log" || fail "the name \"$wrong\" is refused without a word"
    rm -rf "$work/wrong"
done

name=other-box
root=$work/root/opt/it
# As quick to build as can be: it is not to be measured.
"$meson" setup -Dtests=false -Dprogram_name=$name -Dprefix=/opt/it -Dlibdir=lib -Dbuildtype=plain \
    -Dapparmor=true "$work/build" "$source" >"$work/log" 2>&1 || { cat "$work/log"; fail setup; }
{ ninja -C "$work/build" && DESTDIR=$work/root "$meson" install -C "$work/build" --no-rebuild; } \
    >"$work/log" 2>&1 || { cat "$work/log"; fail "building it"; }

# What is left of the old name: directories of the project, its headers and its library.
find "$work/root" ! -type d | sed "s|^$work/root||" >"$work/installed"
grep '/[^/]*sbx[^/]*$' "$work/installed" | grep -vx /opt/it/lib/libsbx.a >"$work/left" || true
[ ! -s "$work/left" ] || { cat "$work/left"; fail "files have the old name"; }
for file in bin/$name lib/pkgconfig/$name.pc share/man/man1/$name.1 share/man/man5/$name.5 \
    share/man/man7/$name-build.7 share/bash-completion/completions/$name \
    share/zsh/site-functions/_$name share/fish/vendor_completions.d/$name.fish \
    share/sbx/apparmor/$name; do
    [ -s "$root/$file" ] || fail "no $file is installed"
done
[ "$(readlink "$root/libexec/sbx/bwrap")" = /opt/it/bin/$name ] || fail "bwrap is no link to it"
grep -q "^profile $name /opt/it/bin/$name " "$work/root/etc/apparmor.d/$name" ||
    fail "the AppArmor profile is not for it"
grep -q '^Libs:.* -lsbx' "$root/lib/pkgconfig/$name.pc" || fail "its library is not libsbx"

# has_no_old_name FILE: "sbx" is nowhere a word there, but in paths and as what compositors are told.
has_no_old_name() {
    sed 's|<sbx/||g; s|^\.Ql sbx||; s|[^ ]*/sbx[^ ]*||g; s|libsbx||g' "$1" | grep -nw sbx >"$work/left" || return 0
    cat "$work/left"
    fail "$1 has the old name"
}
for file in "$root"/share/man/man*/* "$root"/share/bash-completion/completions/* \
    "$root"/share/zsh/site-functions/* "$root"/share/fish/vendor_completions.d/*; do
    has_no_old_name "$file"
done
grep -q '^\.Dt OTHER-BOX-BUILD 7$' "$root/share/man/man7/$name-build.7" || fail "the page's title"
grep -q "^complete -F _$name $name\$" "$root/share/bash-completion/completions/$name" ||
    fail "bash does not complete it"
bash -n "$root/share/bash-completion/completions/$name" || fail "bash cannot read it"

cd /

# says STATUS LINE WORD...: the program called with the words. A plan has the environment in it.
says() {
    status=0
    wanted=$1
    line=$2
    shift 2
    env -i PATH="$PATH" "$root/bin/$name" "$@" >"$work/said" 2>&1 || status=$?
    [ "$status" = "$wanted" ] || { cat "$work/said"; fail "$*: status $status"; }
    grep -qF -- "$line" "$work/said" || { cat "$work/said"; fail "$*: no \"$line\""; }
    has_no_old_name "$work/said"
}
says 125 "$name: no command given; $name [OPTIONS] COMMAND [ARGS...], and $name --help for more"
says 125 "$name: unknown option \"--nonsense\"; $name --help=all lists them all" --nonsense
says 125 "prlimit --as=BYTES $name ..." --memory 1G true
says 125 "run $name in the directory of a project" --profile build true
says 0 "/$name [OPTIONS...] [--] COMMAND" --help
says 0 "    $name --profile build make" --help
says 0 "the caller of $name dies" --help=all
says 0 "$name 0." --version
says 0 "on the host: nothing is made or changed by $name" --ro-bind /usr /usr --dry-run true
if [ "$(env -i PATH="$PATH" "$root/bin/$name" --doctor >"$work/said" 2>&1; echo $?)" -gt 1 ]; then fail "--doctor"; fi
has_no_old_name "$work/said"

# All the texts in the program: but for profiles, policies and names of files.
tr -c '[:print:]' '\n' <"$root/bin/$name" | grep -v -e '^#' -e '"comment":' -e '^sbx$' -e 'sbx-aside-' \
    -e '^\.sbx-' -e '^setenv = debian_chroot sbx$' >"$work/said"
has_no_old_name "$work/said"
