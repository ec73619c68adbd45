"""The dialog: what the procedure takes, the models that are there now, and a preview."""

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GimpUi, GObject, Gtk

from upreel_preview import Preview
from upreel_work import Settings, readable

ROWS = ["source", "target", "size-by", "scale", "width", "denoise", "strength", "ensemble", "tile"]
FULL_DENOISE = 100.0
# Reset and Help are responses, too.
CLOSING = (Gtk.ResponseType.OK, Gtk.ResponseType.CANCEL, Gtk.ResponseType.DELETE_EVENT)


def ask(procedure, config, image, drawables, service, translate):
    """True if OK was pressed; the config then has what was chosen."""
    _ = translate
    GimpUi.init("upreel")
    models = {model["id"]: model for model in service.models()}
    if config.get_property("model") not in models:
        config.set_property("model", next((model["id"] for model in models.values() if model["isDefault"]), ""))
    dialog = GimpUi.ProcedureDialog.new(procedure, config, _("Upscale"))
    drawable, helper = readable(image, drawables[0]) if drawables[0].is_layer() else (drawables[0], None)
    preview = Preview(drawable, lambda: _request(config, models, _), service, _)
    # Beside each other: above each other they would be taller than a laptop's screen.
    settings = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    model_row, model_label = _model_row(config, models.values(), _)
    settings.pack_start(model_row, False, False, 0)
    rows = dialog.fill_box("upreel-settings", ROWS)
    dialog.fill(["upreel-settings"])
    rows.get_parent().remove(rows)
    settings.pack_start(rows, False, False, 0)
    # A widget in GIMP 3.0, its text in 3.2.
    first_label = dialog.get_widget("source", GObject.TYPE_NONE).get_label()
    if isinstance(first_label, Gtk.Widget):
        labels = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        labels.add_widget(model_label)
        labels.add_widget(first_label)
    both = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=18, border_width=12)
    both.pack_start(settings, True, True, 0)
    both.pack_start(preview.widget, False, False, 0)
    dialog.get_content_area().pack_start(both, True, True, 0)
    both.show_all()
    _keep_sensible(dialog, config, models)
    dialog.connect("response", lambda _dialog, response: response in CLOSING and preview.close())
    try:
        chosen = dialog.run()
    finally:
        preview.close()
        dialog.destroy()
        if helper is not None:
            helper.delete()
    if chosen and not _can_denoise(config, models):
        config.set_property("denoise", FULL_DENOISE)
    return chosen


def _request(config, models, translate):
    """What the chosen settings ask of the service."""
    request = Settings(config, translate).request()
    if not _can_denoise(config, models):
        request.pop("denoise", None)
    return request


def _can_denoise(config, models):
    return models.get(config.get_property("model"), {}).get("denoise", False)


def _model_row(config, models, _):
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
    label = Gtk.Label.new_with_mnemonic(_("_Model"))
    label.set_xalign(0)
    store = Gtk.ListStore(str, str)
    for model in models:
        scale = f" ({model['scale']}x)" if model["scale"] else ""
        absent = f", {_('to be fetched')}" if model["state"] == "absent" else ""
        store.append([model["id"], f"{model['id']}{scale}{absent}"])
    combo = GimpUi.prop_string_combo_box_new(config, "model", store, 0, 1)
    label.set_mnemonic_widget(combo)
    row.pack_start(label, False, False, 0)
    row.pack_start(combo, True, True, 0)
    return row, label


def _keep_sensible(dialog, config, models):
    """Of factor and width only the one that counts can be set, and the denoise only of models that have it."""
    widgets = {name: dialog.get_widget(name, GObject.TYPE_NONE) for name in ("scale", "width", "denoise")}

    def update(*_args):
        by_width = config.get_property("size-by") == "width"
        widgets["scale"].set_sensitive(not by_width)
        widgets["width"].set_sensitive(by_width)
        widgets["denoise"].set_sensitive(_can_denoise(config, models))

    for name in ("size-by", "model"):
        config.connect(f"notify::{name}", update)
    update()
