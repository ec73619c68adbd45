"""Runs inside GIMP: every kind of image into every target, and what the plug-in must heed or refuse.

Beside the checks, pairs of PNG files are written whose pixels `upreel` is to confirm.
"""

import os

from images import (HEIGHT, MODEL, SERVICE, WIDTH, Gegl, Gimp, P, check, distance, export, finish, format_of, make, pixels, put,
                    record, refused, upscale)

EXACT = (P.U8_NON_LINEAR, P.U16_NON_LINEAR)
CURVES = ("LINEAR", "NON_LINEAR", "PERCEPTUAL")
DEPTHS = ("U8", "U16", "U32", "HALF", "FLOAT", "DOUBLE")
PRECISIONS = [getattr(P, f"{depth}_{curve}") for depth in DEPTHS for curve in CURVES]
# Levels of 65535. Integers of 8 and 16 bits travel as they are. The rest travels as floats, which the service takes for
# 16 bits: where its rounding and GIMP's conversion to 16 bits disagree by one level, the network's result may by some.
FLOAT_BOUND = 64


def icc(image):
    profile = image.get_color_profile()
    return None if profile is None else bytes(profile.get_icc_profile())


# --- every kind of image into every target ----------------------------------------------------------------------------


TARGETS = ("new-image", "new-layer", "in-place")


def kinds():
    """Of each kind of image its targets: all three where pixels travel as they are and of palettes. Of the rest each pair
    of base with profile, precision, alpha and target comes at least once; with UPREEL_FUZZ, all that there are."""
    whole = "UPREEL_FUZZ" in os.environ
    rgb, gray, indexed = Gimp.ImageBaseType.RGB, Gimp.ImageBaseType.GRAY, Gimp.ImageBaseType.INDEXED
    for place, (base, profile) in enumerate(((rgb, "none"), (rgb, "adobe"), (gray, "none"), (gray, "lab"))):
        for number, precision in enumerate(PRECISIONS):
            if whole or precision in EXACT:
                for alpha in (False, True):
                    yield base, precision, alpha, profile, TARGETS
            else:
                yield base, precision, (number + place) % 2 == 1, profile, (TARGETS[(number // 2 + place) % 3],)
    for profile in ("none", "adobe"):
        for alpha in (False, True):
            yield indexed, P.U8_NON_LINEAR, alpha, profile, TARGETS


def profile_of(name):
    if name == "adobe":
        return Gimp.ColorProfile.new_rgb_adobe()
    return Gimp.ColorProfile.new_d50_gray_lab_trc() if name == "lab" else None


def check_kinds():
    for base, precision, alpha, profile, targets in kinds():
        name = f"{base.value_nick}-{precision.value_nick}-{'alpha' if alpha else 'opaque'}-{profile}"
        differences = {}
        check(f"{name}: {', '.join(targets)}", lambda: kind(name, base, precision, alpha, profile, targets, differences))
        record(f"{name}: largest difference", True, kind=[base.value_nick, precision.value_nick, alpha, profile],
               targets=targets, differences=differences)


def kind(name, base, precision, alpha, profile, targets, differences):
    indexed = base == Gimp.ImageBaseType.INDEXED
    image, layer = make(Gimp.ImageBaseType.RGB if indexed else base, precision, alpha, profile_of(profile))
    if indexed:
        image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 200, False, False, "")
    before = icc(image)
    # A PNG palette keeps no colour under alpha 0, and GIMP rounds a palette's colours by the profile.
    exported = precision in EXACT and not (indexed and (alpha or profile != "none"))
    if exported:
        export(image, f"{name}.source.png")
    bound = 0 if precision.value_nick.startswith(("u8", "u16")) else FLOAT_BOUND
    expected = expected_pixels(image, precision)
    if "new-image" in targets:
        made, result = upscale(image, [layer])
        if exported:
            export(made, f"{name}.result.png")
        if (made.get_width(), made.get_height()) != (2 * WIDTH, 2 * HEIGHT):
            return f"size {made.get_width()}x{made.get_height()}"
        if made.get_precision() != precision or icc(made) != before or result.has_alpha() != alpha:
            return f"not kept: {made.get_precision()}, alpha {result.has_alpha()}, ICC the same: {icc(made) == before}"
        differences["new-image"] = distance(pixels(result), expected)
        made.delete()
    if "new-layer" in targets:
        same, added = upscale(image, [layer], source="layer", target="new-layer")
        if same.get_id() != image.get_id() or image.get_width() != WIDTH:
            return "the new layer is in another image, or that was scaled"
        differences["new-layer"] = distance(pixels(added), expected)
        image.remove_layer(added)
    if "in-place" in targets:
        upscale(image, [layer], source="layer", target="in-place")
        if image.get_width() != 2 * WIDTH or icc(image) != before or image.get_precision() != precision:
            return "in place: size, profile or precision"
        differences["in-place"] = distance(pixels(layer), expected)
    image.delete()
    wrong = {target: levels for target, levels in differences.items() if levels > bound}
    return f"levels from what is expected: {wrong}" if wrong else None


def expected_pixels(image, precision):
    """What the service makes of the image's pixels as integers, kept in a layer of the same kind by GIMP itself."""
    copy = image.duplicate()
    if copy.get_base_type() == Gimp.ImageBaseType.INDEXED:
        copy.convert_rgb()
    layer = copy.get_layers()[0]
    depth = "u8" if precision in (P.U8_NON_LINEAR, P.U8_PERCEPTUAL) else "u16"
    travels = format_of(layer, depth, perceptual=precision.value_nick.endswith("perceptual"))
    size = layer.get_width(), layer.get_height()
    data = bytes(layer.get_buffer().get(Gegl.Rectangle.new(0, 0, *size), 1.0, travels, Gegl.AbyssPolicy.NONE))
    channels = (1 if layer.is_gray() else 3) + (1 if layer.has_alpha() else 0)
    request = {"model": MODEL, "width": size[0], "height": size[1], "channels": channels, "depth": depth}
    rows = []
    SERVICE.upscale(request, [data], lambda _width, _height: None, lambda _y, _height, part: rows.append(part),
                    lambda _event: None)
    copy.scale(2 * size[0], 2 * size[1])
    layer.get_buffer().set(Gegl.Rectangle.new(0, 0, 2 * size[0], 2 * size[1]), travels, b"".join(rows))
    expected = pixels(layer)
    copy.delete()
    return expected


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


def undo_is_kept():
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


def locked_pixels():
    image, layer = make(Gimp.ImageBaseType.RGB)
    layer.set_lock_content(True)
    made, _layer = upscale(image, [layer])
    return refused(lambda: upscale(image, [layer], source="layer", target="in-place"), "locked")


def pixels_locked_by_a_group():
    image, layer = make(Gimp.ImageBaseType.RGB)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    group.set_lock_content(True)
    said = refused(lambda: upscale(image, [layer], source="layer", target="in-place"), "locked")
    group.set_lock_content(False)
    upscale(image, [layer], source="layer", target="in-place")
    return said or (None if layer.get_width() == 2 * WIDTH else "not scaled after it was unlocked")


def other_locks_do_not_hinder():
    image, layer = make(Gimp.ImageBaseType.RGB, alpha=True)
    _made, expected = upscale(image, [layer])
    layer.set_lock_alpha(True)
    layer.set_lock_position(True)
    upscale(image, [layer], source="layer", target="in-place")
    return None if pixels(layer) == pixels(expected) else "differs"


def floating_selection():
    image, layer = make(Gimp.ImageBaseType.RGB)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 3, 3, 10, 10)
    Gimp.edit_copy([layer])
    floating = Gimp.edit_paste(layer, True)[0]
    said = None
    for source, target in (("image", "new-image"), ("layer", "new-layer"), ("layer", "in-place")):
        said = said or refused(lambda: upscale(image, [floating], source=source, target=target), "floating")
    Gimp.floating_sel_anchor(floating)
    made, _layer = upscale(image, [layer])
    return said or (None if made.get_width() == 2 * WIDTH else "not after it was anchored")


def denoise():
    """The service's test has its pixels; here that it is passed on, and refused for a model that has none."""
    image, layer = make(Gimp.ImageBaseType.RGB)
    return refused(lambda: upscale(image, [layer], denoise=50.0), f"The denoise strength of {MODEL} cannot be set")


def script_fu():
    image, layer = make(Gimp.ImageBaseType.RGB)
    _made, expected = upscale(image, [layer])
    evaluate = Gimp.get_pdb().lookup_procedure("plug-in-script-fu-eval")
    config = evaluate.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("script", f"""(plug-in-upreel-upscale #:run-mode RUN-NONINTERACTIVE #:image {image.get_id()}
        #:drawables (vector {layer.get_id()}) #:model "{MODEL}" #:source "layer" #:target "in-place" #:scale 2.0)""")
    evaluate.run(config)
    return None if pixels(layer) == pixels(expected) else f"the image has {image.get_width()}x{image.get_height()}"


def layer_in_a_group():
    image, layer = make(Gimp.ImageBaseType.RGB)
    _made, expected = upscale(image, [layer])
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    _image, added = upscale(image, [layer], source="layer", target="new-layer")
    if added.get_parent() is None or pixels(added) != pixels(expected):
        return "the new layer is elsewhere or differs"
    image.remove_layer(added)
    made, result = upscale(image, [layer])
    return None if pixels(result) == pixels(expected) else "the visible image differs"


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
                 others_scaled_with_it, to_a_width, undo_is_kept, masks_go_along, filters_are_seen,
                 composite_of_layers, locked_pixels, pixels_locked_by_a_group,
                 other_locks_do_not_hinder, floating_selection, denoise, script_fu, layer_in_a_group, groups,
                 masks_and_channels, unknown_model,
                 strength_and_ensemble, beyond_white, facts_kept, several_layers, whole_image_in_place):
    check(function.__name__.replace("_", " "), function)
check_kinds()
finish()
