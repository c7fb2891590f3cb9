"""Formats that OpenCV does not decode, by Pillow where it is installed."""

from __future__ import annotations

import io
from typing import Any

_FORMATS = ("HEIF", "AVIF", "GIF", "JPEG2000", "MPO", "PPM", "TIFF", "WEBP", "BMP", "PNG")


def opened(content: bytes) -> Any:
    """Return an image with its header alone read; None where Pillow is absent or fails."""
    try:
        from PIL import Image

        knows("HEIF")  # registers it
        return Image.open(io.BytesIO(content), formats=[k for k in _FORMATS if k in Image.OPEN])
    except Exception:  # ImportError, and nearly anything of a decoder
        return None


def knows(kind: str) -> bool:
    """Whether Pillow is there and decodes a format, with pillow-heif where that is installed."""
    try:
        from PIL import Image

        if kind == "HEIF":
            import pillow_heif  # pyright: ignore[reportMissingImports]

            pillow_heif.register_heif_opener()
    except ImportError:
        return False
    Image.init()
    return kind in Image.OPEN
