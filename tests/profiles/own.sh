#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Profiles of one's own: found by name, built upon built-in ones, shown, saved, and used.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

export XDG_CONFIG_HOME="$work/config"
mkdir -p "$XDG_CONFIG_HOME/sbx" data
echo content >data/file

cat >"$XDG_CONFIG_HOME/sbx/tool.conf" <<'END'
# A tool that reads its data and nothing else.
include = shell
unset = ro-bind ${CWD}
[data]
ro-bind = ${HOME}/project/data /data
setenv = TOOL "with blanks # and no comment"
END
works "$SBX" --profile tool -- cmp /data/file /data/file
refused "$SBX" --profile tool -- cat "$PWD/data/file"
says "with blanks # and no comment" "$SBX" --profile tool -- printenv TOOL
# The command line comes after the profile, wherever it stands, and wins.
says mine "$SBX" --setenv TOOL mine --profile tool -- printenv TOOL
refused "$SBX" --profile tool --unset 'ro-bind /data' -- cat /data/file

# An error names the file and the line.
echo 'ro-bnd = /usr /usr' >>"$XDG_CONFIG_HOME/sbx/tool.conf"
refused "$SBX" --profile tool -- true
grep -qF "$XDG_CONFIG_HOME/sbx/tool.conf:7: unknown option \"ro-bnd\"; did you mean ro-bind?" \
    "$work/out" || fail "the line that is wrong is named"
sed -i '$d' "$XDG_CONFIG_HOME/sbx/tool.conf"

# What is shown is a profile that does the same.
works "$SBX" --profile tool --hostname here --show-profile
grep -qF 'hostname = here' "$work/out" || fail "the command line is shown"
grep -qF "# $XDG_CONFIG_HOME/sbx/tool.conf:5" "$work/out" || fail "the place of a line is shown"
cp "$work/out" shown.conf
says content "$SBX" --profile ./shown.conf -- cat /data/file

# So is what is saved, and nothing is lost by it.
# shellcheck disable=SC2016  # a dollar sign is what is looked for
works "$SBX" --profile tool --setenv A 'b $c' --save-profile saved.conf
# shellcheck disable=SC2016
says 'b $c' "$SBX" --profile ./saved.conf -- printenv A
says content "$SBX" --profile ./saved.conf -- cat /data/file
cp saved.conf before
refused "$SBX" --setenv A other --save-profile saved.conf
works cmp saved.conf before
refused "$SBX" --uid many --save-profile wrong.conf
refused ls -d wrong.conf
refused "$SBX" --save-profile missing/saved.conf
works "$SBX" --ro-bind /usr /usr --save-profile -
grep -qxF 'ro-bind = /usr /usr' "$work/out" || fail "- is standard output"

# What --args reads is saved with the rest.
printf '%s\0' --mask /a/secret --uid 7 >args
works "$SBX" --dir /a --args 9 --protect /a/x --save-profile - 9<args
for line in 'dir = /a' 'mask = /a/secret' 'uid = 7' 'protect = /a/x'; do
    grep -qxF "$line" "$work/out" || fail "\"$line\" is saved"
done

# A profile that cannot be read is not passed over for the built-in one of its name.
ln -s nowhere "$XDG_CONFIG_HOME/sbx/shell.conf"
refused "$SBX" --profile shell -- true
rm "$XDG_CONFIG_HOME/sbx/shell.conf"

# What there is can be seen, the user's own first.
cat >"$XDG_CONFIG_HOME/sbx/listed.conf" <<'END'
# Counts the words of a file. It needs nothing else.
include = system
END
for list in --list-profiles --help=profiles; do
    works "$SBX" "$list"
    printed "listed        Counts the words of a file ($XDG_CONFIG_HOME/sbx/listed.conf)"
    printed "deb           Builds a Debian package of the source tree in the working directory (built in)"
done
says "--list-profiles" "$SBX" --help
rm "$XDG_CONFIG_HOME/sbx/listed.conf"

# A part that changes another profile names that one.
refuses "; give --profile agent before it" "$SBX" --profile git -- true
# A part for the desktop says what is missing.
refuses "DISPLAY is not set: there is no X server here" env -u DISPLAY "$SBX" --profile app --profile x11 -- true
# The cookie of X is found where HOME is another one.
says "$HOME/.Xauthority" env -u XAUTHORITY DISPLAY=:7 "$SBX" --profile build --profile x11 \
    --unset "ro-bind /tmp/.X11-unix" -- printenv XAUTHORITY
refuses "XDG_RUNTIME_DIR is not set: there is no session of a desktop here" \
    env -u XDG_RUNTIME_DIR "$SBX" --profile app --profile wayland -- true
# Limits that there are not are set by others.
refuses "prlimit --as=BYTES sbx" "$SBX" --memory 1G -- true
refuses "timeout 60 sbx" "$SBX" --timeout=5 -- true
refuses "TasksMax" "$SBX" --pids 5 -- true

# A directory that is called like a profile is not taken for it.
mkdir build
refuses "the profile is called build, without a slash" "$SBX" --profile build/ -- true
works "$SBX" --profile build -- true
rmdir build

# A profile of that name adds to the built-in one.
printf 'include = build\nsetenv = LANG xx\n' >"$XDG_CONFIG_HOME/sbx/build.conf"
says xx "$SBX" --profile build -- printenv LANG
says /home/build "$SBX" --profile build -- printenv HOME
finish
