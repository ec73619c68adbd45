"""Runs inside GIMP (python-fu-eval): calls the plug-in through the PDB and writes one line of JSON for each check.

The folder FOLDER (set by the caller) gets checks.jsonl, and pairs of PNG files whose pixels `upreel` is to confirm.
"""

import json
import os
import traceback
import warnings

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Babl, Gegl, Gimp, Gio, GObject

# A value that an argument does not take is only a warning, and the run would go on with the default.
warnings.simplefilter("error")
Gegl.init(None)

PROCEDURE = "plug-in-upreel-upscale"
MODEL = "realesr-animevideov3-x2"
WIDTH, HEIGHT = 26, 20
P = Gimp.Precision
EXACT = (P.U8_NON_LINEAR, P.U16_NON_LINEAR)
PRECISIONS = EXACT + (P.U8_PERCEPTUAL, P.U8_LINEAR, P.U16_LINEAR, P.U32_NON_LINEAR, P.HALF_LINEAR, P.FLOAT_LINEAR, P.FLOAT_NON_LINEAR,
                      P.DOUBLE_LINEAR)
# Levels of 65535 between a result and the one of a 16-bit image with the same colours. Few bits for dark tones, or
# another curve than sRGB's, move what the network sees.
COARSE = {P.U8_LINEAR: 12000, P.U8_PERCEPTUAL: 12000, P.HALF_LINEAR: 400}
OTHERS = 600

records = open(os.path.join(FOLDER, "checks.jsonl"), "w", encoding="utf-8")


def record(name, ok, detail=""):
    records.write(json.dumps({"name": name, "ok": bool(ok), "detail": str(detail)}) + "\n")
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


def format_of(drawable, depth="u16"):
    model = ("Y'" if drawable.is_gray() else "R'G'B'") + ("A" if drawable.has_alpha() else "")
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


def icc(image):
    profile = image.get_color_profile()
    return None if profile is None else bytes(profile.get_icc_profile())


def distance(a, b):
    """Largest difference of two runs of 16-bit samples."""
    if len(a) != len(b):
        return 1 << 16
    from array import array
    first, second = array("H", a), array("H", b)
    return max(abs(x - y) for x, y in zip(first, second))


# --- every kind of image into every target ----------------------------------------------------------------------------


def kinds():
    rgb, gray, indexed = Gimp.ImageBaseType.RGB, Gimp.ImageBaseType.GRAY, Gimp.ImageBaseType.INDEXED
    for base, profiles in ((rgb, ("none", "adobe")), (gray, ("none", "lab"))):
        for profile in profiles:
            for alpha in (False, True):
                for precision in PRECISIONS:
                    yield base, precision, alpha, profile
    for profile in ("none", "adobe"):
        for alpha in (False, True):
            yield indexed, P.U8_NON_LINEAR, alpha, profile


def profile_of(name):
    if name == "adobe":
        return Gimp.ColorProfile.new_rgb_adobe()
    return Gimp.ColorProfile.new_d50_gray_lab_trc() if name == "lab" else None


def check_kinds():
    references = {}
    for base, precision, alpha, profile in kinds():
        name = f"{base.value_nick}-{precision.value_nick}-{'alpha' if alpha else 'opaque'}-{profile}"
        check(f"{name}: new image, new layer and in place", lambda: kind(name, base, precision, alpha, profile, references))


def kind(name, base, precision, alpha, profile, references):
    indexed = base == Gimp.ImageBaseType.INDEXED
    image, layer = make(Gimp.ImageBaseType.RGB if indexed else base, precision, alpha, profile_of(profile))
    if indexed:
        image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 200, False, False, "")
    before = icc(image)
    # A PNG palette keeps no colour under alpha 0, and GIMP rounds a palette's colours by the profile.
    exported = precision in EXACT and not (indexed and (alpha or profile != "none"))
    if exported:
        export(image, f"{name}.source.png")
    made, result = upscale(image, [layer])
    if exported:
        export(made, f"{name}.result.png")
    if (made.get_width(), made.get_height()) != (2 * WIDTH, 2 * HEIGHT):
        return f"size {made.get_width()}x{made.get_height()}"
    if made.get_precision() != precision or icc(made) != before or result.has_alpha() != alpha:
        return f"not kept: {made.get_precision()}, alpha {result.has_alpha()}, ICC the same: {icc(made) == before}"
    expected = pixels(result)
    if precision == P.U16_NON_LINEAR:
        references[(base, alpha, profile)] = expected
    reference = references.get((base, alpha, profile))
    if precision not in EXACT and distance(expected, reference) > COARSE.get(precision, OTHERS):
        return f"{distance(expected, reference)} levels from the 16-bit result"
    same, added = upscale(image, [layer], source="layer", target="new-layer")
    # Floats pass through conversions of GIMP that do not give the last bits twice (seen: 20 levels).
    bound = 0 if precision.value_nick.startswith(("u8", "u16")) else 64
    if same.get_id() != image.get_id() or image.get_width() != WIDTH or distance(pixels(added), expected) > bound:
        return f"the new layer differs by {distance(pixels(added), expected)}"
    image.remove_layer(added)
    untouched = pixels(layer)
    upscale(image, [layer], source="layer", target="in-place")
    if image.get_width() != 2 * WIDTH or icc(image) != before or image.get_precision() != precision:
        return "in place: size, profile or precision"
    if distance(pixels(layer), expected) > bound:
        return f"in place differs by {distance(pixels(layer), expected)}"
    made.delete()
    image.delete()
    return None if untouched else "no pixels"


# --- parts, layers, masks, filters -------------------------------------------------------------------------------------


def selection_in_place():
    image, layer = make(Gimp.ImageBaseType.RGB, size=(40, 30), offset=(5, 3), canvas=(60, 50))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 15, 9, 12, 10)
    alone, crop = upscale(image, [layer], source="selection", target="new-image")
    if (crop.get_width(), crop.get_height()) != (24, 20):
        return f"the new image has {crop.get_width()}x{crop.get_height()}"
    plain = image.duplicate()
    plain.scale(120, 100)
    upscale(image, [layer], source="selection", target="in-place")
    if (image.get_width(), image.get_height()) != (120, 100):
        return "the image was not scaled"
    inside = (20, 12, 24, 20)
    if pixels(layer, inside) != pixels(crop):
        return "the selected pixels are not the network's, or elsewhere"
    outside = (0, 0, 80, 12)
    if pixels(layer, outside) != pixels(plain.get_layers()[0], outside):
        return "pixels outside of the selection are not GIMP's"
    # GIMP scales a selection softly: a pixel more on each side.
    some, x1, y1, x2, y2 = Gimp.Selection.bounds(image)[1:]
    return None if (x1, y1, x2, y2) in ((30, 18, 54, 38), (29, 17, 55, 39)) else f"selection at {(x1, y1, x2, y2)}"


def selection_to_layer():
    image, layer = make(Gimp.ImageBaseType.RGB, size=(40, 30), offset=(5, 3), canvas=(60, 50))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 15, 9, 12, 10)
    _image, added = upscale(image, [layer], source="selection", target="new-layer")
    _found, x, y = added.get_offsets()
    return None if (x, y, added.get_width(), added.get_height()) == (15, 9, 24, 20) else f"{x},{y} {added.get_width()}"


def empty_selection_is_everything():
    image, layer = make(Gimp.ImageBaseType.RGB)
    made, _layer = upscale(image, [layer], source="selection")
    return None if made.get_width() == 2 * WIDTH else made.get_width()


def selection_beside_the_layer():
    image, layer = make(Gimp.ImageBaseType.RGB, size=(10, 10), canvas=(60, 50))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 30, 30, 12, 10)
    return refused(lambda: upscale(image, [layer], source="selection"), "does not touch")


def others_scaled_with_it():
    image, layer = make(Gimp.ImageBaseType.RGB, alpha=True, size=(40, 30), offset=(5, 3), canvas=(60, 50))
    other = Gimp.Layer.new(image, "other", 11, 7, Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(other, None, 0)
    other.set_offsets(13, 17)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    upscale(image, [layer], source="layer", target="in-place")
    _found, x, y = other.get_offsets()
    sizes = (x, y, other.get_width(), other.get_height(), mask.get_width(), layer.get_offsets()[1])
    return None if sizes == (26, 34, 22, 14, 80, 10) else sizes


def to_a_width():
    image, layer = make(Gimp.ImageBaseType.RGB, size=(33, 21), offset=(5, 3), canvas=(61, 47))
    made, _layer = upscale(image, [layer], **{"size-by": "width", "width": 200})
    if (made.get_width(), made.get_height()) != (200, 154):
        return f"{made.get_width()}x{made.get_height()}"
    upscale(image, [layer], source="layer", target="in-place", **{"size-by": "width", "width": 200})
    fx, fy = 200 / 61, 154 / 47
    _found, x, y = layer.get_offsets()
    expected = (round(5 * fx), round(3 * fy), round(38 * fx) - round(5 * fx), round(24 * fy) - round(3 * fy))
    got = (x, y, layer.get_width(), layer.get_height())
    return None if got == expected and image.get_width() == 200 else f"{got}, expected {expected}"


def undo_restores():
    image, layer = make(Gimp.ImageBaseType.RGB, alpha=True)
    before = pixels(layer)
    upscale(image, [layer], source="layer", target="in-place")
    after = pixels(layer)
    # GIMP's batch mode has no undo procedure; the GUI test presses Ctrl+Z.
    return None if len(after) == 4 * len(before) and image.undo_is_enabled() else "undo is off"


def masks_go_along():
    image, layer = make(Gimp.ImageBaseType.RGB, alpha=True)
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.BLACK))
    made, result = upscale(image, [layer], source="layer")
    mask = result.get_mask()
    if mask is None or mask.get_width() != 2 * WIDTH:
        return "no mask"
    return None if set(pixels(mask)) == {0} else "the mask is not black"


def filters_are_seen():
    image, layer = make(Gimp.ImageBaseType.RGB)
    layer.append_filter(Gimp.DrawableFilter.new(layer, "gegl:invert-gamma", "invert"))
    made, result = upscale(image, [layer], source="layer")
    other, plain = make(Gimp.ImageBaseType.RGB)
    put(plain, bytes(255 - byte for byte in pixels(plain)))
    _made, expected = upscale(other, [plain], source="layer")
    if pixels(result) != pixels(expected):
        return f"filters are not in the pixels: {distance(pixels(result), pixels(expected))}"
    if len(layer.get_filters()) != 1:
        return "the source lost its filter"
    upscale(image, [layer], source="layer", target="in-place")
    return None if pixels(layer) == pixels(expected) and not layer.get_filters() else "in place differs"


def composite_of_layers():
    image, layer = make(Gimp.ImageBaseType.RGB)
    top = Gimp.Layer.new(image, "top", 10, 8, Gimp.ImageType.RGBA_IMAGE, 50, Gimp.LayerMode.NORMAL)
    image.insert_layer(top, None, 0)
    top.fill(Gimp.FillType.WHITE)
    flat = image.duplicate()
    flat.flatten()
    made, result = upscale(image, [layer])
    _made, expected = upscale(flat, flat.get_layers())
    return None if pixels(result) == pixels(expected) else distance(pixels(result), pixels(expected))


def refused(function, words):
    try:
        function()
    except RuntimeError as error:
        return None if words in str(error) else str(error)
    return "it was not refused"


def locked_pixels():
    image, layer = make(Gimp.ImageBaseType.RGB)
    layer.set_lock_content(True)
    made, _layer = upscale(image, [layer])
    return refused(lambda: upscale(image, [layer], source="layer", target="in-place"), "locked")


def groups():
    image, layer = make(Gimp.ImageBaseType.RGB)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    return refused(lambda: upscale(image, [group], source="layer"), "Layer groups")


def masks_and_channels():
    image, layer = make(Gimp.ImageBaseType.RGB)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    return refused(lambda: upscale(image, [mask], source="layer"), "Only layers")


def unknown_model():
    image, layer = make(Gimp.ImageBaseType.RGB)
    said = refused(lambda: upscale(image, [layer], model="no-such-model"), "no-such-model")
    return said or (None if image.get_width() == WIDTH else "the image changed")


def strength_and_ensemble():
    image, layer = make(Gimp.ImageBaseType.RGB)
    _i, full = upscale(image, [layer])
    _i, none = upscale(image, [layer], strength=0.0)
    _i, eight = upscale(image, [layer], ensemble=True, tile=16)
    results = {pixels(full), pixels(none), pixels(eight)}
    return None if len(results) == 3 else f"{len(results)} different results"


def beyond_white():
    """Values over 1 in a float image stay over 1."""
    image, layer = make(Gimp.ImageBaseType.RGB, P.FLOAT_LINEAR)
    from array import array
    samples = array("f", pixels(layer, depth="float"))
    whole = Gegl.Rectangle.new(0, 0, WIDTH, HEIGHT)
    layer.get_buffer().set(whole, format_of(layer, "float"), array("f", (3 * value for value in samples)).tobytes())
    _i, result = upscale(image, [layer])
    highest = max(array("f", pixels(result, depth="float")))
    return None if highest > 2 else f"highest {highest}"


def facts_kept():
    image, layer = make(Gimp.ImageBaseType.RGB)
    image.set_resolution(123.0, 99.0)
    made, _layer = upscale(image, [layer])
    _found, x, y = made.get_resolution()
    return None if (round(x), round(y)) == (123, 99) else f"{x}x{y}"


def several_layers():
    image, layer = make(Gimp.ImageBaseType.RGB)
    second = layer.copy()
    image.insert_layer(second, None, 0)
    upscale(image, [layer, second], source="layer", target="in-place")
    return None if pixels(layer) == pixels(second) and layer.get_width() == 2 * WIDTH else "they differ"


def whole_image_in_place():
    image, layer = make(Gimp.ImageBaseType.RGB)
    made, result = upscale(image, [layer])
    upscale(image, [layer], source="image", target="in-place")
    return None if pixels(layer) == pixels(result) else "differs"


for function in (selection_in_place, selection_to_layer, empty_selection_is_everything, selection_beside_the_layer,
                 others_scaled_with_it, to_a_width, undo_restores, masks_go_along, filters_are_seen,
                 composite_of_layers, locked_pixels, groups, masks_and_channels, unknown_model,
                 strength_and_ensemble, beyond_white, facts_kept, several_layers, whole_image_in_place):
    check(function.__name__.replace("_", " "), function)
check_kinds()
record("the end", True)
records.close()
