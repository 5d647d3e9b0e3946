# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# GNOME's thumbnail factory makes thumbnails with programs that it runs in a sandbox.
# shellcheck source=tests/compat/clients/common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

# Beside GNOME's own, a thumbnailer that fails where it sees the file beside the picture.
mkdir -p .local/share/thumbnailers
cat >.local/share/thumbnailers/test.thumbnailer <<END
[Thumbnailer Entry]
Exec=/bin/sh -c 'test ! -e $HOME/secret && exec gdk-pixbuf-thumbnailer "\$@"' sh -s %s %u %o
MimeType=image/x-test;
END
touch secret
make_picture picture.png

python3 - <<'END'
import gi
gi.require_version('GnomeDesktop', '3.0')
from gi.repository import GLib, GnomeDesktop

factory = GnomeDesktop.DesktopThumbnailFactory.new(GnomeDesktop.DesktopThumbnailSize.NORMAL)
for mime_type in 'image/png', 'image/x-test':
    uri = GLib.filename_to_uri(GLib.get_home_dir() + '/picture.png')
    thumbnail = factory.generate_thumbnail(uri, mime_type)
    assert 0 < thumbnail.get_width() <= 128
    factory.save_thumbnail(thumbnail, uri, 0)
    assert factory.lookup(uri, 0)
END
