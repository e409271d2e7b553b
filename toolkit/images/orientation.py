"""The EXIF orientation: how a camera was held, and the picture turned upright."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.reader import Order

_TAG = 0x0112
_ORDERS: dict[bytes, Order] = {b"II*\0": "little", b"MM\0*": "big"}
_SIZES = {1: 1, 3: 2, 4: 4, 8: 2, 9: 4}  # field type -> bytes; SHORT is right, and others are met
_XMP = re.compile(rb"""tiff:Orientation(?:\s*=\s*["']|>)\s*([1-8])\s*["'<]""")


def read_orientation(exif: bytes, xmp: bytes = b"") -> int:
    """Returns the orientation, 1 to 8; 1 (upright) where there is none or what says it is malformed.

    Args:
        exif: A TIFF header and its first directory, with or without the leading `Exif` mark; may be empty.
        xmp: Asked where EXIF says nothing.
    """
    found = _of_exif(exif)
    if found is None and (match := _XMP.search(xmp)) is not None:
        found = int(match[1])
    return found if found is not None and 1 <= found <= 8 else 1


def _of_exif(exif: bytes) -> int | None:
    exif = exif.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(exif[:4])
    if order is None:
        return None
    start = int.from_bytes(exif[4:8], order)
    count = int.from_bytes(exif[start : start + 2], order)
    for at in range(start + 2, min(start + 2 + 12 * count, len(exif)), 12):
        if int.from_bytes(exif[at : at + 2], order) == _TAG:
            size = _SIZES.get(int.from_bytes(exif[at + 2 : at + 4], order), 2)
            return int.from_bytes(exif[at + 8 : at + 8 + size], order)
    return None


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turns a picture as its orientation says: bit by bit a transposition and two reflections.

    Args:
        pixels: (H, W, 3) uint8.
        orientation: EXIF, 1 to 8; 5 to 8 exchange height and width.

    Returns:
        (H, W, 3) or (W, H, 3) uint8, contiguous.
    """
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
