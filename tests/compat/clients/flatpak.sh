# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# flatpak builds an app in a sandbox, installs it from a repository in a directory, and runs it.
# shellcheck source=tests/compat/clients/common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

flatpak_runtime bash cat chmod dbus-send grep install ldconfig sed sleep touch

# When the app is exported, its icon is looked at in a sandbox, too.
make_picture icon.png
cat >hello.in <<'END'
#!/bin/sh
echo "hello from @NAME@"
"$@"
END
flatpak build-init app org.example.Hello org.example.Platform org.example.Platform 1
# shellcheck disable=SC2016  # expanded inside
flatpak build app sh -exc '
    sed "s/@NAME@/$FLATPAK_ID/" hello.in >hello
    install -D hello /app/bin/hello
    install -D icon.png "/app/share/icons/hicolor/64x64/apps/$FLATPAK_ID.png"
'
flatpak build-finish app --command=hello
flatpak build-export repository app
called_for validate-icon
flatpak --user --noninteractive install local org.example.Hello

[[ $(flatpak run org.example.Hello) == "hello from org.example.Hello" ]]
status=0
flatpak run org.example.Hello exit 42 || status=$?
[[ $status == 42 ]]

# It sees of the user's files what it is given.
echo found >file
flatpak run org.example.Hello test ! -e "$HOME/file"
flatpak run --filesystem=home:ro org.example.Hello grep found "$HOME/file"
if flatpak run --filesystem=home:ro org.example.Hello touch "$HOME/file"; then exit 1; fi

# It sees of the session bus what a proxy lets through, which has a sandbox of its own.
list_names=(dbus-send --session --print-reply --dest=org.freedesktop.DBus /
    org.freedesktop.DBus.ListNames)
"${list_names[@]}" | grep org.freedesktop.Flatpak
flatpak run org.example.Hello "${list_names[@]}" >seen
grep org.freedesktop.DBus seen
if grep org.freedesktop.Flatpak seen; then exit 1; fi
called_for xdg-dbus-proxy

# While it runs it is listed, can be entered, shares its processes with another, can be killed.
mkfifo started
flatpak run org.example.Hello sh -c 'echo started; exec sleep 1000' >started &
running=$!
sed '/started/q' started
read -r instance pid < <(flatpak ps --columns=instance,child-pid)
flatpak enter "$instance" sh -c "test -e /app/bin/hello && test ! -e '$HOME/file'"
flatpak run --parent-pid="$pid" --parent-share-pids org.example.Hello \
    grep -q sleep /proc/2/cmdline
flatpak kill "$instance"
wait "$running" || status=$?
[[ $status == 137 ]]
