"""Pixels of drawables to bytes and back, exactly: in the drawable's own colour space, without filters or masks lost."""

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Babl, Gegl, Gimp

from upreel_service import SAMPLE_BYTES, UpreelError

BAND_ROWS = 256
MODELS = {1: "Y'", 2: "Y'A", 3: "R'G'B'", 4: "R'G'B'A"}
# With sRGB's curve whatever the profile's is.
PERCEPTUAL_MODELS = {1: "Y~", 2: "Y~A", 3: "R~G~B~", 4: "R~G~B~A"}
TYPES = {"u8": "u8", "u16": "u16", "f32": "float"}


class Layout:
    """How the pixels of a drawable travel: channels, depth, and the format that reads and writes them unchanged."""

    def __init__(self, drawable, channels=None):
        self.channels = channels or _channels_of(drawable)
        self.depth = _depth_of(drawable.get_image().get_precision())
        self.format = _format_in_space_of(drawable, self.channels, self.depth)
        self.pixel_bytes = self.channels * SAMPLE_BYTES[self.depth]


def read_bands(drawable, layout, rect):
    """The rectangle (x, y, width, height) of a drawable, some rows at a time."""
    x, y, width, height = rect
    buffer = drawable.get_buffer()
    for top in range(0, height, BAND_ROWS):
        rows = min(BAND_ROWS, height - top)
        data = buffer.get(Gegl.Rectangle.new(x, y + top, width, rows), 1.0, layout.format, Gegl.AbyssPolicy.NONE)
        yield bytes(data)


class Writer:
    """Writes rows into a buffer and checks that they fit: GEGL itself would ignore rows that do not."""

    def __init__(self, buffer, layout, x, y, width):
        self.buffer, self.layout, self.x, self.y, self.width = buffer, layout, x, y, width

    def rows(self, top, height, data):
        if len(data) != self.width * height * self.layout.pixel_bytes:
            raise UpreelError("internal", "The service gave rows of another size than it said.")
        self.buffer.set(Gegl.Rectangle.new(self.x, self.y + top, self.width, height), self.layout.format, data)


def copy_pixels(source, buffer, x, y, width, height):
    """A drawable's pixels into a buffer at (x, y), untouched where both have one format."""
    source.get_buffer().copy(Gegl.Rectangle.new(0, 0, width, height), Gegl.AbyssPolicy.NONE, buffer,
                             Gegl.Rectangle.new(x, y, width, height))
    buffer.flush()


def is_opaque(drawable):
    """Whether there is no transparency; also true without an alpha channel."""
    if not drawable.has_alpha():
        return True
    layout = Layout(drawable)
    if layout.depth == "f32":
        return False
    size = SAMPLE_BYTES[layout.depth]
    whole = (0, 0, drawable.get_width(), drawable.get_height())
    for band in read_bands(drawable, layout, whole):
        for byte in range(size):
            alpha = band[layout.pixel_bytes - size + byte::layout.pixel_bytes]
            if alpha.count(255) != len(alpha):
                return False
    return True


def _channels_of(drawable):
    colours = 1 if drawable.is_gray() else 3
    return colours + (1 if drawable.has_alpha() else 0)


def _depth_of(precision):
    """8 and 16 bits as they are; linear integers need more than their bits; the rest keeps values beyond 0..1."""
    name = precision.value_nick
    if name in ("u8-non-linear", "u8-perceptual"):
        return "u8"
    return "u16" if name.startswith(("u8", "u16")) else "f32"


def _format_in_space_of(drawable, channels, depth):
    # A bare name would mean sRGB and convert; a name that does not exist would end this process.
    space = Babl.format_get_space(drawable.get_format())
    perceptual = drawable.get_image().get_precision().value_nick.endswith("perceptual")
    models = PERCEPTUAL_MODELS if perceptual else MODELS
    name = f"{models[channels]} {TYPES[depth]}"
    if not Babl.format_exists(name):
        raise UpreelError("internal", f"GIMP has no pixel format {name}.")
    return Babl.get_name(Babl.format_with_space(name, space))
