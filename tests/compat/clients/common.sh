# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the clients' scripts share. Sourced, never run.

# called_for WORD: whether a call of bwrap had WORD on its command line.
called_for() {
    grep -qF -e "$1" /mnt/calls
}

# make_picture FILE: a PNG of one pixel.
make_picture() {
    base64 --decode >"$1" <<'END'
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==
END
}

# copy_programs PREFIX PROGRAM...: copies programs of this machine, one of them bash, and the
# libraries that they need below PREFIX as if that were /usr.
copy_programs() {
    local -r prefix=$1
    local program file
    shift
    for program in "$@"; do
        program=$(readlink -f "$(command -v "$program")")
        install -D "$program" "$prefix/bin/${program##*/}"
        for file in $(ldd "$program" | grep -o '/[^ ]*'); do
            install -D "$file" "$prefix/${file#/usr}"
        done
    done
    ln -s bash "$prefix/bin/sh"
}

# flatpak_runtime PROGRAM...: makes and installs the runtime org.example.Platform that has these
# programs, and with it the repository that is called "local" and is in ./repository.
flatpak_runtime() {
    local arch
    # It looks for parental controls on the system bus.
    export DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS
    arch=$(flatpak --default-arch)
    mkdir runtime
    cat >runtime/metadata <<END
[Runtime]
name=org.example.Platform
runtime=org.example.Platform/$arch/1
sdk=org.example.Platform/$arch/1
END
    copy_programs runtime/files "$@"
    flatpak build-export --runtime --files=files repository runtime 1
    flatpak --user remote-add --no-gpg-verify local repository
    flatpak --user --noninteractive install local org.example.Platform//1
}
