"""The EXIF orientation: how a camera was held, and the picture turned upright."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.reader import Order

_TAG = 0x0112
_ORDERS: dict[bytes, Order] = {b"II*\0": "little", b"MM\0*": "big"}


def read_orientation(exif: bytes) -> int:
    """Returns the orientation, 1 to 8; 1 (upright) where there is none or the EXIF data is malformed.

    Args:
        exif: A TIFF header and its first directory, with or without the leading `Exif` mark.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = _ORDERS.get(exif[:4])
    if order is None:
        return 1
    start = int.from_bytes(exif[4:8], order)
    count = int.from_bytes(exif[start : start + 2], order)
    for at in range(start + 2, min(start + 2 + 12 * count, len(exif)), 12):
        if int.from_bytes(exif[at : at + 2], order) == _TAG:
            value = int.from_bytes(exif[at + 8 : at + 10], order)
            return value if 1 <= value <= 8 else 1
    return 1


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
