#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --profile deb: two Debian packages, one of them with fakeroot and files of other owners, are built
# and land beside their source trees. Needs dpkg-dev and fakeroot.
# shellcheck source=tests/profiles/common.sh
. "$(dirname "$0")/common.sh"

sandboxed() { "$SBX" --profile deb -- "$@"; }

# source_of NAME VERSION FORMAT: a source tree with a program, in the working directory.
source_of() {
    mkdir -p debian/source
    echo "$3" >debian/source/format
    cat >"$1.c" <<END
#include <stdio.h>
int main(void) { puts("$1"); return 0; }
END
    cat >debian/changelog <<END
$1 ($2) unstable; urgency=low

  * First version.

 -- Someone <someone@example.org>  Mon, 02 Jan 2023 00:00:00 +0000
END
    cat >debian/control <<END
Source: $1
Section: misc
Priority: optional
Maintainer: Someone <someone@example.org>
Standards-Version: 4.6.2
Rules-Requires-Root: $4

Package: $1
Architecture: any
Depends: \${shlibs:Depends}
Description: says $1
 A program that says $1.
END
    cat >debian/rules <<END
#!/usr/bin/make -f
root = debian/$1
build build-arch: $1
$1: $1.c
	\$(CC) -o \$@ \$<
build-indep:
clean:
	rm -rf $1 \$(root) debian/files debian/substvars
binary-indep:
binary binary-arch: build
	install -d \$(root)/DEBIAN \$(root)/usr/bin
	install $5 $1 \$(root)/usr/bin/$1
	dpkg-shlibdeps \$(root)/usr/bin/$1
	dpkg-gencontrol -p$1 -P\$(root)
	dpkg-deb --build $6 \$(root) ..
.PHONY: build build-arch build-indep clean binary binary-indep binary-arch
END
    chmod +x debian/rules
}

mkdir -p "$HOME/owned/owned-1.0" "$HOME/plain/plain-2.0"

# As an ordinary user and as root, with fakeroot.
cd "$HOME/owned/owned-1.0"
source_of owned 1.0 '3.0 (native)' binary-targets '-o daemon -g mail -m 4755' ''
works sandboxed dpkg-buildpackage -b -us -uc -rfakeroot
works dpkg-deb -c ../owned_1.0_*.deb
printed "-rwsr-xr-x daemon/mail"
works test -e ../owned_1.0_"$(dpkg --print-architecture)".changes

# With an upstream tarball in the directory above, and a source package.
cd "$HOME/plain/plain-2.0"
echo text >README
source_of plain 2.0-1 '3.0 (quilt)' no '' --root-owner-group
tar -C .. --exclude=debian -czf ../plain_2.0.orig.tar.gz plain-2.0
works sandboxed dpkg-buildpackage -us -uc
works dpkg-deb -c ../plain_2.0-1_*.deb
printed "root/root"
works test -s ../plain_2.0-1.dsc
works test -s ../plain_2.0-1.debian.tar.xz

# A repository beside the source tree is kept as it is, and so is its own.
mkdir -p ../other/.git .git
for repository in ../other/.git .git; do
    # shellcheck disable=SC2016  # for the shell inside
    refused sandboxed sh -c 'echo evil >"$1/config"' sh "$repository"
done
works sandboxed sh -c 'echo x >../other/file'
says /home/build sandboxed printenv HOME

# The profile build says what is missing, before it runs and not only in the end.
# This tree is below /tmp, where the results are written to the sandbox's own and lost.
"$SBX" --profile build -- dpkg-buildpackage -b -us -uc >"$work/out" 2>&1 || true
printed "the directory above, $HOME/plain, is not inside but for the working directory; start there, \
or --bind .. $HOME/plain brings it in (--profile deb in the place of build does) [parent-directory]"
works "$SBX" --profile build --bind .. "$HOME/plain" -- dpkg-buildpackage -b -us -uc

# The directory above is as much as the working directory a mistake where it is a home.
mkdir "$HOME/direct"
cd "$HOME/direct"
refuses "home directory" sandboxed true
for system in / /etc /usr /usr/lib /proc/sys /run /var/lib; do
    cd "$system"
    refuses "a directory of the system; keep the source tree in a directory of its own" sandboxed true
done
finish
