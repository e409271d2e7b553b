"""Decoding and resizing done another way than cnnkit does: Pillow instead of OpenCV, plain arithmetic in NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.spec import InputSpec

_MODES = {"1", "L", "RGB", "YCbCr"}  # what two decoders must agree on; transparency and CMYK are matters of taste
_CUBIC = -0.75  # the sharpness that OpenCV takes
_GRAY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def decode_with_pillow(path: Path, max_pixels: int) -> NDArray[np.uint8] | None:
    """Decodes an image file with Pillow, upright.

    Args:
        path: The file.
        max_pixels: Larger images are not decoded.

    Returns:
        (H, W, 3) uint8 RGB; None where Pillow cannot read it, or it is transparent, CMYK or of more than 8 bits.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            if image.mode not in _MODES or image.width * image.height > max_pixels:
                return None
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def resize_in_numpy(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float64]:
    """Brings an image to a model's size and colours, with one matrix an axis and no rounding.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        spec: What the model takes.

    Returns:
        (height, width, channels) from 0 to 255 in the spec's colour order.
    """
    fitted = _fitted(pixels.astype(np.float64), spec)
    if spec.color == "gray":
        gray: NDArray[np.float64] = (fitted @ _GRAY)[..., None]
        return gray
    return fitted[..., ::-1] if spec.color == "bgr" else fitted


def _fitted(pixels: NDArray[np.float64], spec: InputSpec) -> NDArray[np.float64]:
    height, width = pixels.shape[:2]
    if spec.resize == "squash" or (height, width) == (spec.height, spec.width):
        return _scaled(pixels, spec.height, spec.width, spec.interpolation)
    if spec.resize == "crop":
        new_height = max(1, min(height, round(width * spec.height / spec.width)))
        new_width = max(1, min(width, round(height * spec.width / spec.height)))
        top, left = (height - new_height) // 2, (width - new_width) // 2
        part = pixels[top : top + new_height, left : left + new_width]
        return _scaled(part, spec.height, spec.width, spec.interpolation)
    scale = min(spec.height / height, spec.width / width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (spec.height - new_height) // 2, (spec.width - new_width) // 2
    canvas = np.zeros((spec.height, spec.width, 3))
    canvas[top : top + new_height, left : left + new_width] = _scaled(pixels, new_height, new_width, spec.interpolation)
    return canvas


def _scaled(pixels: NDArray[np.float64], height: int, width: int, interpolation: str) -> NDArray[np.float64]:
    rows = _weights(pixels.shape[0], height, interpolation)
    columns = _weights(pixels.shape[1], width, interpolation)
    scaled: NDArray[np.float64] = np.einsum("hH,HWc,wW->hwc", rows, pixels, columns, optimize=True)
    return np.clip(scaled, 0, 255)


def _weights(size: int, wanted: int, interpolation: str) -> NDArray[np.float64]:
    """Returns (wanted, size) weights of the pixels along one axis; each row sums to 1."""
    if size == wanted:
        return np.eye(size)
    if interpolation == "area" and wanted < size:
        return _area(size, wanted)
    return _interpolated(size, wanted, cubic=interpolation == "cubic")


def _area(size: int, wanted: int) -> NDArray[np.float64]:
    """Each pixel of the result is the mean of the part of the source that it covers."""
    edges = np.arange(wanted + 1) * (size / wanted)
    pixels = np.arange(size)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: NDArray[np.float64] = np.clip(covered, 0, None) * (wanted / size)
    return weights


def _interpolated(size: int, wanted: int, *, cubic: bool) -> NDArray[np.float64]:
    """Interpolates between pixel centres; beyond the border the outermost pixel goes on."""
    centres = (np.arange(wanted) + 0.5) * (size / wanted) - 0.5
    first = np.floor(centres).astype(int)
    weights = np.zeros((wanted, size))
    for offset in range(-1, 3):
        index = np.clip(first + offset, 0, size - 1)
        distance = np.abs(centres - (first + offset))
        np.add.at(weights, (np.arange(wanted), index), _cubic(distance) if cubic else np.clip(1 - distance, 0, None))
    return weights


def _cubic(distance: NDArray[np.float64]) -> Any:
    """Keys' kernel: R. G. Keys, "Cubic convolution interpolation for digital image processing", 1981."""
    a, x = _CUBIC, distance
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
