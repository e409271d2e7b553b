"""From an image of any size to the tensor a model takes, and from its logits to probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ImageError
from cnnkit.images.framing import place_image
from cnnkit.spec import InputSpec
from cnnkit.system import import_cv2


def resize_image(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Brings an image to the model's size and colour order.

    How it is fitted, `spec.resize`: "squash" changes the aspect; "crop" takes the largest centred part of the model's
    aspect; "pad" scales the whole image to fit, centred on black.

    How it is scaled, `spec.interpolation`: "area" averages along an axis that shrinks, so that nothing aliases, and
    interpolates linearly along one that grows; "linear" and "cubic" interpolate between the nearest 2 x 2 and 4 x 4
    pixels, also where an image shrinks, and are for models that were trained so.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        spec: What the model takes; gray is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Returns:
        (height, width, channels) uint8 in the spec's colour order; `pixels` itself where nothing is to be done.

    Raises:
        ImageError: `pixels` is no such array.
    """
    _check_pixels(pixels)
    if pixels.shape[:2] != (spec.height, spec.width):
        pixels = _fit(pixels, spec)
    if spec.color == "rgb":
        return np.ascontiguousarray(pixels)
    cv2 = import_cv2()
    if spec.color == "bgr":
        swapped: NDArray[np.uint8] = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        return swapped
    gray: NDArray[np.uint8] = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return gray[..., None]


def prepare_batch(images: NDArray[np.uint8], spec: InputSpec) -> NDArray[Any]:
    """Makes the tensor that the model takes, in its layout and dtype.

    Floats are (pixel * scale - mean) / std, each step in float32, also where the result becomes float16.

    Args:
        images: (N, height, width, channels) uint8 in the spec's colour order.
        spec: What the model takes.

    Returns:
        (N, height, width, channels) or (N, channels, height, width) of the spec's dtype; for uint8 NHWC `images`.

    Raises:
        ImageError: `images` is no such array.
    """
    expected = (spec.height, spec.width, spec.channels)
    if images.dtype != np.uint8 or images.shape[1:] != expected or images.ndim != 4:
        raise ImageError("array", f"{_shown(images)}, expected {('N', *expected)} uint8".replace("'", ""))
    batch = images if spec.layout == "nhwc" else np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    if spec.dtype == "uint8":
        return batch
    channel_shape = (-1,) if spec.layout == "nhwc" else (-1, 1, 1)
    tensor = batch.astype(np.float32)
    tensor *= np.float32(spec.scale)
    if spec.mean:
        tensor -= np.array(spec.mean, np.float32).reshape(channel_shape)
    if spec.std:
        tensor /= np.array(spec.std, np.float32).reshape(channel_shape)
    return tensor.astype(spec.dtype, copy=False)


def _check_pixels(pixels: NDArray[np.uint8]) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ImageError("array", f"{_shown(pixels)}, expected (height, width, 3) uint8 RGB")


def _shown(array: NDArray[np.uint8]) -> str:
    return f"{array.shape} {array.dtype}"


def _fit(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    seen, lies = place_image(pixels.shape[0], pixels.shape[1], spec)
    scaled = _scale(pixels[seen.slices], lies.height, lies.width, spec.interpolation)
    if scaled.shape[:2] == (spec.height, spec.width):
        return scaled
    canvas = np.zeros((spec.height, spec.width, 3), np.uint8)
    canvas[lies.slices] = scaled
    return canvas


def _scale(pixels: NDArray[np.uint8], height: int, width: int, interpolation: str) -> NDArray[np.uint8]:
    if pixels.shape[:2] == (height, width):
        return pixels
    cv2 = import_cv2()
    if interpolation != "area":
        method = cv2.INTER_LINEAR if interpolation == "linear" else cv2.INTER_CUBIC
        scaled: NDArray[np.uint8] = cv2.resize(pixels, (width, height), interpolation=method)
        return scaled
    # OpenCV averages areas only where neither axis grows: so first what shrinks, then what grows.
    smaller = min(height, pixels.shape[0]), min(width, pixels.shape[1])
    if smaller != pixels.shape[:2]:
        pixels = cv2.resize(pixels, smaller[::-1], interpolation=cv2.INTER_AREA)
    if smaller != (height, width):
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    return pixels
