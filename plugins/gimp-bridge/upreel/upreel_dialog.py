"""The dialog: what the procedure takes, the models that are there now, and a preview of the middle."""

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, Gegl, GimpUi, GLib, GObject, Gtk

from upreel_service import UpreelError

# Small enough to take a second or two on a laptop's processor.
PREVIEW_SOURCE = 64
PREVIEW_SIDE = 256


def ask(procedure, config, image, drawables, service, translate):
    """True if OK was pressed; the config then has what was chosen."""
    _ = translate
    GimpUi.init("upreel")
    models = service.models()
    known = {model["id"]: model for model in models}
    if config.get_property("model") not in known:
        config.set_property("model", next((model["id"] for model in models if model["isDefault"]), ""))
    dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Upscale"))
    content = dialog.get_content_area()
    content.pack_start(_model_row(config, models, _), False, False, 6)
    dialog.fill(["source", "target", "size-by", "scale", "width", "strength", "ensemble", "tile"])
    preview = Preview(image, drawables[0], config, service, _)
    content.pack_start(preview.widget, False, False, 6)
    content.show_all()
    _show_fitting_size(dialog, config)
    try:
        return dialog.run()
    finally:
        dialog.destroy()


def _model_row(config, models, _):
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
    label = Gtk.Label.new_with_mnemonic(_("_Model"))
    store = Gtk.ListStore(str, str)
    for model in models:
        scale = f" ({model['scale']}x)" if model["scale"] else ""
        absent = f", {_('to be fetched')}" if model["state"] == "absent" else ""
        store.append([model["id"], f"{model['id']}{scale}{absent}"])
    combo = GimpUi.prop_string_combo_box_new(config, "model", store, 0, 1)
    label.set_mnemonic_widget(combo)
    row.pack_start(label, False, False, 0)
    row.pack_start(combo, True, True, 0)
    return row


def _show_fitting_size(dialog, config):
    """Of factor and width only the one that counts can be set."""
    widgets = {name: dialog.get_widget(name, GObject.TYPE_NONE) for name in ("scale", "width")}

    def update(*_args):
        by_width = config.get_property("size-by") == "width"
        widgets["scale"].set_sensitive(not by_width)
        widgets["width"].set_sensitive(by_width)

    config.connect("notify::size-by", update)
    update()


class Preview:
    """The middle of the selection or the layer, enlarged plainly and by the network, side by side."""

    def __init__(self, image, drawable, config, service, translate):
        self.image, self.drawable, self.config, self.service, self.translate = image, drawable, config, service, translate
        _ = translate
        self.before, self.after = Gtk.Image(), Gtk.Image()
        self.status = Gtk.Label(label="")
        self.button = Gtk.Button.new_with_mnemonic(_("_Preview"))
        self.button.connect("clicked", self._clicked)
        pictures = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        for picture in (self.before, self.after):
            picture.set_size_request(PREVIEW_SIDE, PREVIEW_SIDE)
            pictures.pack_start(picture, False, False, 0)
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(self.button, False, False, 0)
        row.pack_start(self.status, False, False, 0)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.widget.pack_start(pictures, False, False, 0)
        self.widget.pack_start(row, False, False, 0)

    def _clicked(self, _button):
        _ = self.translate
        self.button.set_sensitive(False)
        self.status.set_text(_("Computing..."))
        _let_gtk_work()
        try:
            self._show()
            self.status.set_text("")
        except UpreelError as error:
            self.status.set_text(str(error))
        finally:
            self.button.set_sensitive(True)

    def _show(self):
        source, width, height = self._middle()
        self.before.set_from_pixbuf(_enlarge(source, width, height, GdkPixbuf.InterpType.BILINEAR))
        rows = []
        request = {"width": width, "height": height, "channels": 3, "depth": "u8",
                   "strength": self.config.get_property("strength") / 100,
                   "ensemble": self.config.get_property("ensemble"),
                   "target": {"width": PREVIEW_SIDE, "height": PREVIEW_SIDE}}
        if self.config.get_property("model"):
            request["model"] = self.config.get_property("model")
        size = []
        self.service.upscale(request, [source], lambda *given: size.extend(given),
                             lambda _y, _height, data: rows.append(data), lambda _event: _let_gtk_work())
        self.after.set_from_pixbuf(_enlarge(b"".join(rows), *size, GdkPixbuf.InterpType.NEAREST))

    def _middle(self):
        """Up to 64x64 pixels as a screen shows them, on white, and their size."""
        some, x, y, width, height = self.drawable.mask_intersect()
        if not some:
            x, y, width, height = 0, 0, self.drawable.get_width(), self.drawable.get_height()
        across, down = min(width, PREVIEW_SOURCE), min(height, PREVIEW_SOURCE)
        left, top = x + (width - across) // 2, y + (height - down) // 2
        rect = Gegl.Rectangle.new(left, top, across, down)
        # The bare name means sRGB: what a screen shows.
        rgba = bytes(self.drawable.get_buffer().get(rect, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE))
        return _on_white(rgba), across, down


def _on_white(rgba):
    rgb = bytearray(len(rgba) // 4 * 3)
    alphas = rgba[3::4]
    for channel in range(3):
        rgb[channel::3] = bytes((value * alpha + 255 * (255 - alpha)) // 255
                                for value, alpha in zip(rgba[channel::4], alphas))
    return bytes(rgb)


def _enlarge(data, width, height, how):
    pixbuf = GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, False, 8, width, height,
                                             width * 3)
    factor = PREVIEW_SIDE / max(width, height)
    return pixbuf.scale_simple(max(1, int(width * factor)), max(1, int(height * factor)), how)


def _let_gtk_work():
    while Gtk.events_pending():
        Gtk.main_iteration()
