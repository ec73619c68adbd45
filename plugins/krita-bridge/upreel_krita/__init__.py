"""Tools > Scripts > Upscale: the visible image of a Krita document, enlarged by the upreel service, as a new document."""

from krita import Krita

from .extension import UpreelExtension
from .upscale import __main__, upscale_document

Krita.instance().addExtension(UpreelExtension(Krita.instance()))

__all__ = ["__main__", "upscale_document"]
