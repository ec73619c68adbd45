"""For checks inside GIMP (python-fu-eval): images, the plug-in through the PDB, and a line of JSON for each check.

The folder that UPREEL_CHECKS names gets checks.jsonl.
"""

import json
import os
import sys
import traceback
import warnings

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Babl, Gegl, Gimp, Gio

# A value that an argument does not take is only a warning, and the run would go on with the default.
warnings.simplefilter("error")
Gegl.init(None)

# The plug-in as it is installed.
PLUG_IN = os.path.join(Gimp.directory(), "plug-ins", "upreel")
sys.path.insert(0, PLUG_IN)
sys.dont_write_bytecode = True

from upreel_service import Service

SERVICE = Service(os.path.join(PLUG_IN, "bridge-config.json"))
PROCEDURE = "plug-in-upreel-upscale"
MODEL = "realesr-animevideov3-x2"
WIDTH, HEIGHT = 26, 20
P = Gimp.Precision
FOLDER = os.environ["UPREEL_CHECKS"]

records = open(os.path.join(FOLDER, "checks.jsonl"), "w", encoding="utf-8")


def record(name, ok, detail="", **facts):
    records.write(json.dumps({"name": name, "ok": bool(ok), "detail": str(detail), **facts}) + "\n")
    records.flush()


def check(name, function):
    try:
        detail = function()
        record(name, detail in (None, True), detail)
    except Exception:
        record(name, False, traceback.format_exc()[-1500:])


def make(base, precision=P.U8_NON_LINEAR, alpha=False, profile=None, size=(WIDTH, HEIGHT), offset=(0, 0), canvas=None):
    """An image of one layer with waves in it."""
    width, height = size
    image = Gimp.Image.new_with_precision(*(canvas or size), base, precision)
    if profile is not None:
        image.set_color_profile(profile)
    gray = base == Gimp.ImageBaseType.GRAY
    kinds = Gimp.ImageType
    kind = (kinds.GRAYA_IMAGE if alpha else kinds.GRAY_IMAGE) if gray else (kinds.RGBA_IMAGE if alpha else kinds.RGB_IMAGE)
    layer = Gimp.Layer.new(image, "waves", width, height, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    layer.set_offsets(*offset)
    channels = (1 if gray else 3) + (1 if alpha else 0)
    put(layer, waves(width, height, channels))
    return image, layer


def waves(width, height, channels):
    """16-bit samples whose high and low bytes are the same: 8 bits hold them exactly."""
    out = bytearray()
    for y in range(height):
        for x in range(width):
            for channel in range(channels):
                level = (x * (7 + channel) + y * (11 - channel) + ((x // 4 + y // 3) % 2) * 90) % 256
                out += bytes((level, level))
    return bytes(out)


def format_of(drawable, depth="u16", perceptual=False):
    model = ("Y'" if drawable.is_gray() else "R'G'B'") + ("A" if drawable.has_alpha() else "")
    if perceptual:
        model = model.replace("'", "~")
    space = Babl.format_get_space(drawable.get_format())
    return Babl.get_name(Babl.format_with_space(f"{model} {depth}", space))


def put(drawable, data):
    whole = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    drawable.get_buffer().set(whole, format_of(drawable), data)


def pixels(drawable, rect=None, depth="u16"):
    x, y, width, height = rect or (0, 0, drawable.get_width(), drawable.get_height())
    rectangle = Gegl.Rectangle.new(x, y, width, height)
    return bytes(drawable.get_buffer().get(rectangle, 1.0, format_of(drawable, depth), Gegl.AbyssPolicy.NONE))


def upscale(image, layers, **arguments):
    procedure = Gimp.get_pdb().lookup_procedure(PROCEDURE)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", layers)
    for name, value in {"model": MODEL, "scale": 2.0, **arguments}.items():
        config.set_property(name.replace("_", "-"), value)
    result = procedure.run(config)
    if result.index(0) != Gimp.PDBStatusType.SUCCESS:
        raise RuntimeError(Gimp.get_pdb().get_last_error())
    return result.index(1), result.index(2)


def export(image, name):
    procedure = Gimp.get_pdb().lookup_procedure("file-png-export")
    config = procedure.create_config()
    for key, value in {"run-mode": Gimp.RunMode.NONINTERACTIVE, "image": image, "include-color-profile": True,
                       "save-transparent": True, "file": Gio.File.new_for_path(os.path.join(FOLDER, name))}.items():
        config.set_property(key, value)
    if procedure.run(config).index(0) != Gimp.PDBStatusType.SUCCESS:
        raise RuntimeError(Gimp.get_pdb().get_last_error())


def distance(a, b):
    """Largest difference of two runs of 16-bit samples."""
    if len(a) != len(b):
        return 1 << 16
    from array import array
    first, second = array("H", a), array("H", b)
    return max(abs(x - y) for x, y in zip(first, second))


def refused(function, words):
    try:
        function()
    except RuntimeError as error:
        return None if words in str(error) else str(error)
    return "it was not refused"


def finish():
    record("the end", True)
    records.close()
