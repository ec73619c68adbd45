"""The dialog's preview: a spot of the picture, plainly enlarged beside what the network makes of it."""

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, Gegl, Gimp, GLib, Gtk

from upreel_service import UpreelError

# Small enough to take a second or two on a laptop's processor.
SPOT = 64
SIDE = 200
FRAME = 0xFF3030FF


class Closed(Exception):
    """The dialog was closed while the network was at work: the connection is closed, and the job is cancelled."""


class Preview:
    """Three pictures: the layer with a frame that follows clicks, the spot in it enlarged, and the network's result."""

    def __init__(self, drawable, request_of, service, translate):
        self.drawable, self.request_of, self.service, self.translate = drawable, request_of, service, translate
        _ = translate
        self.closed = False
        self.size = (drawable.get_width(), drawable.get_height())
        self.spot = self._middle()
        self.overview = drawable.get_thumbnail(min(SIDE, self.size[0]), min(SIDE, self.size[1]),
                                               Gimp.PixbufTransparency.SMALL_CHECKS)
        self.whole, self.before, self.after = Gtk.Image(), Gtk.Image(), Gtk.Image()
        self.status = Gtk.Label(label=_("Click on the spot to be previewed."), xalign=0)
        self.status.set_line_wrap(True)
        self.status.set_max_width_chars(1)
        self.button = Gtk.Button.new_with_mnemonic(_("_Preview"))
        self.button.connect("clicked", lambda _button: self._compute())
        chooser = Gtk.EventBox()
        chooser.add(self.whole)
        chooser.connect("button-press-event", self._choose)
        side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        side.pack_start(self.status, True, True, 0)
        side.pack_start(self.button, False, False, 0)
        self.widget = Gtk.Grid(column_spacing=6, row_spacing=3, column_homogeneous=True)
        self.widget.attach(side, 1, 0, 1, 2)
        places = ((chooser, _("Spot"), 0, 0), (self.before, _("Plainly enlarged"), 0, 2), (self.after, _("Upscaled"), 1, 2))
        for picture, label, column, row in places:
            picture.set_size_request(SIDE, SIDE)
            self.widget.attach(picture, column, row, 1, 1)
            self.widget.attach(Gtk.Label(label=label), column, row + 1, 1, 1)
        self._show_spot()

    def close(self):
        self.closed = True

    def _middle(self):
        """The middle of the selection in the layer, or of the layer."""
        some, x, y, width, height = self.drawable.mask_intersect()
        if not some:
            x, y, (width, height) = 0, 0, self.size
        return self._around(x + width / 2, y + height / 2)

    def _around(self, x, y):
        """The rectangle of a spot with its middle there, kept inside the layer."""
        width, height = (min(SPOT, side) for side in self.size)
        left = min(max(0, round(x - width / 2)), self.size[0] - width)
        top = min(max(0, round(y - height / 2)), self.size[1] - height)
        return left, top, width, height

    def _choose(self, _box, event):
        # The picture stands in the middle of its place.
        left = (SIDE - self.overview.get_width()) / 2
        top = (SIDE - self.overview.get_height()) / 2
        factor = self.size[0] / self.overview.get_width()
        self.spot = self._around((event.x - left) * factor, (event.y - top) * factor)
        self._show_spot()
        return True

    def _show_spot(self):
        factor = self.overview.get_width() / self.size[0]
        self.whole.set_from_pixbuf(_framed(self.overview, [int(side * factor) for side in self.spot]))
        self.before.set_from_pixbuf(_enlarge(self._pixels(), *self.spot[2:], GdkPixbuf.InterpType.BILINEAR))
        self.after.clear()

    def _compute(self):
        _ = self.translate
        self.button.set_sensitive(False)
        self.status.set_text(_("Computing..."))
        _let_gtk_work()
        try:
            self.after.set_from_pixbuf(self._upscaled())
            self.status.set_text("")
        except Closed:
            return
        except UpreelError as error:
            self.status.set_text(str(error))
        self.button.set_sensitive(True)

    def _upscaled(self):
        _left, _top, width, height = self.spot
        request = {**self.request_of(), "width": width, "height": height, "channels": 3, "depth": "u8",
                   "target": {"width": SIDE, "height": SIDE}}
        rows, size = [], []
        self.service.upscale(request, [self._pixels()], lambda *given: size.extend(given),
                             lambda _y, _height, data: rows.append(data), self._keep_alive)
        return _pixbuf(b"".join(rows), *size)

    def _keep_alive(self, _event):
        _let_gtk_work()
        if self.closed:
            raise Closed

    def _pixels(self):
        """The spot's pixels as a screen shows them, on white."""
        # The bare name means sRGB: what a screen shows.
        rgba = bytes(self.drawable.get_buffer().get(Gegl.Rectangle.new(*self.spot), 1.0, "R'G'B'A u8",
                                                    Gegl.AbyssPolicy.NONE))
        return _on_white(rgba)


def _on_white(rgba):
    rgb = bytearray(len(rgba) // 4 * 3)
    alphas = rgba[3::4]
    for channel in range(3):
        rgb[channel::3] = bytes((value * alpha + 255 * (255 - alpha)) // 255
                                for value, alpha in zip(rgba[channel::4], alphas))
    return bytes(rgb)


def _pixbuf(data, width, height):
    return GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, False, 8, width, height,
                                           width * 3)


def _enlarge(data, width, height, how):
    factor = SIDE / max(width, height)
    return _pixbuf(data, width, height).scale_simple(max(1, int(width * factor)), max(1, int(height * factor)), how)


def _framed(pixbuf, rect):
    """A copy with a frame; without cairo, whose Python module not every GIMP has."""
    framed = pixbuf.copy()
    x, y, width, height = rect
    width, height = max(3, min(width, framed.get_width() - x)), max(3, min(height, framed.get_height() - y))
    x, y = min(x, framed.get_width() - width), min(y, framed.get_height() - height)
    if x >= 0 and y >= 0:
        for edge in ((x, y, width, 1), (x, y + height - 1, width, 1), (x, y, 1, height), (x + width - 1, y, 1, height)):
            framed.new_subpixbuf(*edge).fill(FRAME)
    return framed


def _let_gtk_work():
    while Gtk.events_pending():
        Gtk.main_iteration()
