"""Pixels of a Krita document to the service and back."""

import os

from krita import InfoObject, Krita

from .upreel_service import Service, UpreelError

CONFIG_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bridge-config.json")
DEPTHS = {"U8": "u8", "U16": "u16", "F32": "f32"}
SAMPLE_BYTES = {"u8": 1, "u16": 2, "f32": 4}
ROWS = 256


def upscale_document(document, on_event=lambda _event: None, **request):
    """A new document with the visible pixels of `document`, enlarged, in the same colour space and profile.

    `request`: fields of the protocol, such as model and target.
    """
    model, depth = document.colorModel(), DEPTHS.get(document.colorDepth())
    if model not in ("RGBA", "GRAYA") or depth is None:
        raise UpreelError("usage", f"{model} with {document.colorDepth()} cannot be upscaled.",
                          "Convert the image to RGB or gray with 8, 16 or 32 bits.")
    channels = 4 if model == "RGBA" else 2
    # Krita keeps integer RGB as blue, green, red.
    swapped = model == "RGBA" and depth != "f32"
    sample = SAMPLE_BYTES[depth]
    width, height = document.width(), document.height()
    made = {}

    def bands():
        for top in range(0, height, ROWS):
            data = bytes(document.pixelData(0, top, width, min(ROWS, height - top)))
            yield _swap(data, sample) if swapped else data

    def started(new_width, new_height):
        made["document"] = Krita.instance().createDocument(
            new_width, new_height, document.name() or "upreel", model, document.colorDepth(), document.colorProfile(),
            document.resolution())
        made["node"] = made["document"].topLevelNodes()[0]
        made["width"] = new_width

    def rows(top, count, data):
        made["node"].setPixelData(_swap(data, sample) if swapped else data, 0, top, made["width"], count)

    full = {**request, "width": width, "height": height, "channels": channels, "depth": depth}
    try:
        Service(CONFIG_FILE).upscale(full, bands(), started, rows, on_event)
    except BaseException:
        if "document" in made:
            made["document"].close()
        raise
    made["document"].refreshProjection()
    return made["document"]


def _swap(data, sample):
    """Red and blue of four-channel pixels exchanged."""
    swapped = bytearray(data)
    pixel = 4 * sample
    for byte in range(sample):
        swapped[byte::pixel] = data[2 * sample + byte::pixel]
        swapped[2 * sample + byte::pixel] = data[byte::pixel]
    return bytes(swapped)


def __main__(arguments):
    """For scripts: kritarunner -s upreel_krita SOURCE RESULT [MODEL]."""
    source, result = arguments[0], arguments[1]
    krita = Krita.instance()
    krita.setBatchmode(True)
    document = krita.openDocument(source)
    made = upscale_document(document, **({"model": arguments[2]} if len(arguments) > 2 else {}))
    options = InfoObject()
    options.setProperty("alpha", True)
    options.setProperty("saveSRGBProfile", False)
    options.setProperty("forceSRGB", False)
    made.setBatchmode(True)
    if not made.exportImage(result, options):
        raise UpreelError("output", "Krita could not write the result.")
    print(f"upreel: {made.width()}x{made.height()}", flush=True)
    made.close()
    document.close()
