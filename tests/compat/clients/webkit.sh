# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# WebKitGTK shows a page, by a process that runs in a sandbox.
# shellcheck source=tests/compat/clients/common.sh
source "${BASH_SOURCE[0]%/*}/common.sh"

make_picture picture.png
cat >page.html <<'END'
<body style="background: #123456">
<img src="picture.png" onload="document.title = 'a picture of ' + this.naturalWidth + ' pixel'">
END

GDK_BACKEND=x11 xvfb-run --auto-servernum python3 - "file://$PWD/page.html" <<'END'
import os
import sys
import gi
gi.require_version('Gtk', '3.0')
gi.require_version('WebKit2', '4.1')
from gi.repository import Gtk, WebKit2

def title_changed(view, _):
    if view.get_title() == 'a picture of 1 pixel':
        view.get_snapshot(WebKit2.SnapshotRegion.VISIBLE, WebKit2.SnapshotOptions.NONE, None,
                          snapshot_taken)

def snapshot_taken(view, result):
    view.get_snapshot_finish(result).write_to_png('page.png')
    Gtk.main_quit()

context = WebKit2.WebContext.new()
context.set_sandbox_enabled(True)
view = WebKit2.WebView.new_with_context(context)
view.connect('notify::title', title_changed)
view.connect('web-process-terminated', lambda *_: os._exit(1))
window = Gtk.Window()
window.add(view)
window.show_all()
view.load_uri(sys.argv[1])
Gtk.main()
END

python3 - <<'END'
import gi
gi.require_version('GdkPixbuf', '2.0')
from gi.repository import GdkPixbuf

picture = GdkPixbuf.Pixbuf.new_from_file('page.png')
assert b'\x12\x34\x56' * 100 in picture.get_pixels()
END
called_for WebKitWebProcess
called_for xdg-dbus-proxy
