"""What "Upscale" does to an image. Nothing of the image is changed before all pixels have come back."""

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Gegl, Gimp

from upreel_pixels import Layout, Writer, copy_pixels, is_opaque, read_bands
from upreel_service import UpreelError

# The engine died or ran out of memory: the service takes smaller tiles the next time.
WORTH_ANOTHER_TRY = ("engine-died", "out-of-memory")


class Settings:
    """What was asked for, from the procedure's arguments."""

    def __init__(self, config, translate):
        self.model = config.get_property("model")
        self.source = config.get_property("source")
        self.target = config.get_property("target")
        self.size_by = config.get_property("size-by")
        self.scale = config.get_property("scale")
        self.width = config.get_property("width")
        self.denoise = config.get_property("denoise") / 100
        self.strength = config.get_property("strength") / 100
        self.ensemble = config.get_property("ensemble")
        self.tile = config.get_property("tile")
        self.translate = translate

    def factor(self, width):
        return self.width / width if self.size_by == "width" else self.scale

    def request(self):
        request = {"strength": self.strength, "ensemble": self.ensemble}
        if self.model:
            request["model"] = self.model
        # At its full strength every model can be asked for, those without the setting too.
        if self.denoise < 1:
            request["denoise"] = self.denoise
        if self.tile:
            request["tile"] = self.tile
        return request


def run(service, image, drawables, settings, progress):
    """Upscales and gives (image, layer) of the result."""
    _ = settings.translate
    if image.get_floating_sel() is not None:
        raise UpreelError("usage", _("The image has a floating selection."), _("Anchor it, or make it a layer."))
    layers = _layers_for(image, drawables, settings)
    if settings.target == "new-image":
        return _to_new_image(service, image, layers, settings, progress)
    if settings.target == "new-layer":
        return _to_new_layer(service, image, layers, settings, progress)
    if settings.target == "in-place":
        return _in_place(service, image, layers, settings, progress)
    raise UpreelError("usage", _("There is no such target."))


def _layers_for(image, drawables, settings):
    """The layers to read; refuses those that cannot be. An empty list: what is visible of the image."""
    _ = settings.translate
    if settings.source == "image":
        if settings.target != "in-place":
            return []
        layers = [layer for layer in image.get_layers() if not layer.is_group() and layer.get_visible()]
        if any(layer.is_group() for layer in image.get_layers()):
            raise UpreelError("usage", _("An image with layer groups cannot be upscaled in place."),
                              _("Choose a new image, or merge the groups first."))
    else:
        layers = list(drawables)
    if not layers:
        raise UpreelError("usage", _("There is no layer to upscale."), _("Select one."))
    for layer in layers:
        if not layer.is_layer() or layer.is_layer_mask():
            raise UpreelError("usage", _("Only layers can be upscaled, no channels or masks."), _("Select a layer."))
        if layer.is_group():
            raise UpreelError("usage", _("Layer groups cannot be upscaled."), _("Select a layer in it, or merge the group."))
        # GIMP would end this process if it wrote to one.
        if settings.target == "in-place" and _is_locked(layer):
            raise UpreelError("usage", _("The pixels of the layer are locked."), _("Unlock them, or choose a new image."))
    return layers


def _is_locked(item):
    """Also by a group that it is in."""
    return item is not None and (item.get_lock_content() or _is_locked(item.get_parent()))


# --- targets ---------------------------------------------------------------------------------------------------------


def _to_new_image(service, image, layers, settings, progress):
    results = []
    try:
        for source in _sources(image, layers, settings):
            with source:
                factor = settings.factor(source.width)
                size = (_scaled(source.width, factor), _scaled(source.height, factor))
                results.append(_upscaled(service, source, size, settings, progress))
    except BaseException:
        for result in results:
            result.delete()
        raise
    for result in results:
        _copy_facts(image, result)
    return [(result, result.get_layers()[0]) for result in results]


def _to_new_layer(service, image, layers, settings, progress):
    made = []
    try:
        for source in _sources(image, layers, settings):
            with source:
                factor = settings.factor(source.width)
                size = (_scaled(source.width, factor), _scaled(source.height, factor))
                made.append((_upscaled(service, source, size, settings, progress), source.offsets, source.name, source.above))
        image.undo_group_start()
        try:
            if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
                image.convert_rgb()
            results = []
            for result, (x, y), name, above in made:
                layer = Gimp.Layer.new_from_drawable(result.get_layers()[0], image)
                layer.set_name(f"{name} {settings.translate('upscaled')}")
                parent = above.get_parent() if above else None
                image.insert_layer(layer, parent, image.get_item_position(above) if above else 0)
                layer.set_offsets(x, y)
                results.append((image, layer))
        finally:
            image.undo_group_end()
        return results
    finally:
        for result, *_others in made:
            result.delete()


def _in_place(service, image, layers, settings, progress):
    factor = settings.factor(image.get_width())
    new_size = (_scaled(image.get_width(), factor), _scaled(image.get_height(), factor))
    fx, fy = new_size[0] / image.get_width(), new_size[1] / image.get_height()
    # The edge of a scaled selection is soft: a plain rectangle is better replaced as a whole.
    through_selection = settings.source == "selection" and not _selection_is_rectangle(image)
    made = []
    try:
        for source in _sources(image, layers, settings):
            with source:
                x, y = source.offsets
                # As GIMP scales layers: both edges are rounded.
                left, top = _rounded(x * fx), _rounded(y * fy)
                size = (_rounded((x + source.width) * fx) - left, _rounded((y + source.height) * fy) - top)
                made.append((_upscaled(service, source, size, settings, progress), source.layer, (left, top)))
        image.undo_group_start()
        try:
            if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
                image.convert_rgb()
            scaled = new_size != (image.get_width(), image.get_height())
            for _result, layer, _corner in made:
                if layer.get_filters():
                    layer.merge_filters()
            if scaled:
                image.scale(*new_size)
            for result, layer, corner in made:
                _replace(result.get_layers()[0], layer, corner, through_selection, scaled)
        finally:
            image.undo_group_end()
        return [(image, layer) for _result, layer, _corner in made]
    finally:
        for result, *_others in made:
            result.delete()


def _replace(result, layer, corner, through_selection, scaled):
    """Puts the result's pixels into the layer, whose size GIMP has changed already."""
    _found, offset_x, offset_y = layer.get_offsets()
    x, y = corner[0] - offset_x, corner[1] - offset_y
    width = min(result.get_width(), layer.get_width() - x)
    height = min(result.get_height(), layer.get_height() - y)
    if result.has_alpha() and not layer.has_alpha():
        layer.add_alpha()
    if scaled and not through_selection:
        # Scaling has kept the old pixels for undo; the new ones need no step of their own.
        copy_pixels(result, layer.get_buffer(), x, y, width, height)
    else:
        # With an undo step of its own, and through the selection.
        image = layer.get_image()
        kept = None if through_selection else _suspend_selection(image)
        shadow = layer.get_shadow_buffer()
        copy_pixels(layer, shadow, 0, 0, layer.get_width(), layer.get_height())
        copy_pixels(result, shadow, x, y, width, height)
        layer.merge_shadow(True)
        if kept is not None:
            image.select_item(Gimp.ChannelOps.REPLACE, kept)
            image.remove_channel(kept)
    layer.update(0, 0, layer.get_width(), layer.get_height())


def _suspend_selection(image):
    if Gimp.Selection.is_empty(image):
        return None
    kept = Gimp.Selection.save(image)
    Gimp.Selection.none(image)
    return kept


def _selection_is_rectangle(image):
    _done, some, x1, y1, x2, y2 = Gimp.Selection.bounds(image)
    if not some:
        return True
    buffer = image.get_selection().get_buffer()
    inside = bytes(buffer.get(Gegl.Rectangle.new(x1, y1, x2 - x1, y2 - y1), 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
    return inside.count(255) == len(inside)


# --- sources ---------------------------------------------------------------------------------------------------------


class Source:
    """A drawable to read and the part of it; removes its helpers at the end."""

    def __init__(self, drawable, rect, offsets, layer, name, helper=None):
        self.drawable, self.rect, self.offsets, self.layer, self.name = drawable, rect, offsets, layer, name
        self.width, self.height = rect[2], rect[3]
        self.above = layer
        self.helper = helper

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        if self.helper is not None:
            self.helper.delete()


def _sources(image, layers, settings):
    if settings.source == "image" and settings.target != "in-place":
        yield _visible(image)
        return
    for layer in layers:
        yield _part_of(image, layer, settings)


def _part_of(image, layer, settings):
    _found, offset_x, offset_y = layer.get_offsets()
    rect = (0, 0, layer.get_width(), layer.get_height())
    if settings.source == "selection":
        some, x, y, width, height = layer.mask_intersect()
        if not some:
            _ = settings.translate
            raise UpreelError("usage", _("The selection does not touch the layer."), _("Select a part of it."))
        rect = (x, y, width, height)
    drawable, helper = readable(image, layer)
    return Source(drawable, rect, (offset_x + rect[0], offset_y + rect[1]), layer, layer.get_name(), helper)


def readable(image, layer):
    """The layer whose buffer has the pixels, and the copy of the image that it is in, if that had to be made."""
    indexed = image.get_base_type() == Gimp.ImageBaseType.INDEXED
    if not indexed and not layer.get_filters():
        return layer, None
    helper = image.duplicate()
    if indexed:
        # Read directly, a palette's colours would be taken for sRGB whatever the profile is.
        helper.convert_rgb()
    drawable = _same_place(image, helper, layer)
    if drawable.get_filters():
        # Filters that can still be edited are not in the buffer.
        drawable.merge_filters()
    return drawable, helper


def _same_place(image, copy, layer):
    path = []
    item = layer
    while item is not None:
        path.append(image.get_item_position(item))
        item = item.get_parent()
    items = copy.get_layers()
    for position in reversed(path):
        found = items[position]
        items = found.get_children() if found.is_group() else []
    return found


def _visible(image):
    plain = _plain_layer(image)
    if plain is not None:
        drawable, helper = readable(image, plain)
        return Source(drawable, (0, 0, plain.get_width(), plain.get_height()), (0, 0), None, plain.get_name(), helper)
    # In an image of its own: a layer that belongs to none cannot be removed.
    helper = image.duplicate()
    if helper.get_base_type() == Gimp.ImageBaseType.INDEXED:
        helper.convert_rgb()
    layer = helper.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    layer.resize_to_image_size()
    if is_opaque(layer) and layer.has_alpha():
        layer.flatten()
    return Source(layer, (0, 0, layer.get_width(), layer.get_height()), (0, 0), None, image.get_name() or "", helper)


def _plain_layer(image):
    """The one layer that already is what is seen: nothing to blend, nothing to round."""
    layers = image.get_layers()
    if len(layers) != 1:
        return None
    layer = layers[0]
    _found, x, y = layer.get_offsets()
    same = (x, y, layer.get_width(), layer.get_height()) == (0, 0, image.get_width(), image.get_height())
    plain = not layer.is_group() and layer.get_visible() and layer.get_opacity() == 100 and layer.get_mask() is None
    return layer if same and plain else None


# --- pixels ----------------------------------------------------------------------------------------------------------


def _upscaled(service, source, size, settings, progress):
    """An image of one layer with the upscaled pixels of a source, in the same colour space and precision."""
    result = _image_like(source.drawable, size)
    try:
        _fill(service, source.drawable, source.rect, result.get_layers()[0], settings.request(), progress)
        mask = source.drawable.get_mask() if source.drawable.is_layer() and settings.target != "in-place" else None
        if mask is not None:
            _add_mask(service, mask, source.rect, result.get_layers()[0], settings, progress)
        return result
    except BaseException:
        result.delete()
        raise


def _fill(service, drawable, rect, target, request, progress):
    layout = Layout(drawable)
    writing = Layout(target, layout.channels)
    writer = Writer(target.get_buffer(), writing, 0, 0, target.get_width())
    size = {"width": target.get_width(), "height": target.get_height(), "exact": True}
    request = {**request, "width": rect[2], "height": rect[3], "channels": layout.channels, "depth": layout.depth,
               "target": size}

    def started(width, height):
        if (width, height) != (target.get_width(), target.get_height()):
            raise UpreelError("internal", "The service would give another size than was asked for.")

    def once():
        service.upscale(request, read_bands(drawable, layout, rect), started, writer.rows, progress)

    try:
        once()
    except UpreelError as error:
        if error.code not in WORTH_ANOTHER_TRY:
            raise
        once()
    writer.buffer.flush()
    target.update(0, 0, target.get_width(), target.get_height())


def _add_mask(service, mask, rect, layer, settings, progress):
    """The layer's mask, resampled: it says how much of a pixel is seen and needs no network."""
    # The layer's settings, so that the service keeps the network that is open.
    request = {**settings.request(), "strength": 0}
    added = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(added)
    _fill(service, mask, rect, added, request, progress)


def _image_like(drawable, size):
    image = drawable.get_image()
    gray = drawable.is_gray()
    base = Gimp.ImageBaseType.GRAY if gray else Gimp.ImageBaseType.RGB
    result = Gimp.Image.new_with_precision(*size, base, image.get_precision())
    result.undo_disable()
    profile = image.get_color_profile()
    if profile is not None:
        result.set_color_profile(profile)
    if gray:
        kind = Gimp.ImageType.GRAYA_IMAGE if drawable.has_alpha() else Gimp.ImageType.GRAY_IMAGE
    else:
        kind = Gimp.ImageType.RGBA_IMAGE if drawable.has_alpha() else Gimp.ImageType.RGB_IMAGE
    layer = Gimp.Layer.new(result, drawable.get_name(), *size, kind, 100, Gimp.LayerMode.NORMAL)
    result.insert_layer(layer, None, 0)
    return result


def _copy_facts(image, result):
    _found, x, y = image.get_resolution()
    result.set_resolution(x, y)
    result.set_unit(image.get_unit())
    metadata = image.get_metadata()
    if metadata is not None:
        result.set_metadata(metadata)
    result.undo_enable()


def _scaled(length, factor):
    return max(1, _rounded(length * factor))


def _rounded(value):
    """Away from zero at the half, as GIMP does."""
    return int(value + 0.5) if value >= 0 else -int(-value + 0.5)
