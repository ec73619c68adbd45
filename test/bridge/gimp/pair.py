"""Runs inside each of two GIMPs at the same time: a few small pictures."""

from images import WIDTH, Gimp, check, finish, make, upscale


def works():
    image, layer = make(Gimp.ImageBaseType.RGB)
    made, _layer = upscale(image, [layer])
    return None if made.get_width() == 2 * WIDTH else made.get_width()


for number in range(4):
    check(f"picture {number}", works)
finish()
