"""OpenCV's decoders, asked for pixels: what they refuse is None, never an exception."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.reader import Traits
from cnnkit.images.transparency import on_white
from cnnkit.system import import_cv2

_REDUCED = {1: 0, 2: 16, 4: 32, 8: 64}  # the bits of IMREAD_REDUCED_* without their colours, which another flag says


def decode_unchanged(data: bytes) -> NDArray[Any] | None:
    """Returns what is in a file as it is: (H, W), (H, W, 3) BGR or (H, W, 4) BGRA, mostly uint8 or uint16."""
    cv2 = import_cv2()
    return _decode(cv2, data, cv2.IMREAD_UNCHANGED)


def decode_rgb(data: bytes, factor: int = 1) -> NDArray[np.uint8] | None:
    """Returns (H, W, 3) uint8 RGB as it is stored, a JPEG `factor` times smaller on request: 1, 2, 4 or 8."""
    cv2 = import_cv2()
    return _decode(cv2, data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | _REDUCED[factor])


def decode_on_white(data: bytes, traits: Traits) -> NDArray[np.uint8] | None:
    """Returns (H, W, 3) uint8 RGB as it is stored, on white where it is transparent."""
    pixels = decode_unchanged(data)
    return None if pixels is None else on_white(pixels, traits)


def _decode(cv2: ModuleType, data: bytes, flags: int) -> NDArray[Any] | None:
    try:
        pixels: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    return pixels
