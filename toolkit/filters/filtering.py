"""What kernels and pooling make of one photo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import UsageError
from cnnkit.filters.convolution import convolve, pad_zeros
from cnnkit.filters.kernels import KERNELS, Kernel
from cnnkit.filters.pooling import Pooling, pool_average, pool_max
from cnnkit.filters.windows import Pair
from cnnkit.images import DEFAULT_MAX_PIXELS, read_image, resize_image
from cnnkit.report import printable
from cnnkit.spec import InputSpec
from cnnkit.system import log

MAX_SIDE = 2048  # pixels: beyond it a picture shows no more, and twelve arrays of floats take gigabytes
MAX_PADDING = 512  # pixels


@dataclass(frozen=True)
class FilterOptions:
    """How a photo is filtered; pairs are height and width, or steps down and right."""

    kernels: tuple[Kernel, ...] = tuple(KERNELS.values())
    padding: int = 0  # zeros on each side, before the convolution, 0 to MAX_PADDING
    stride: Pair = (1, 1)  # of the convolution
    pool: Pooling = "max"
    pool_size: Pair = (2, 2)
    pool_stride: Pair | None = None  # None: that of the window
    size: Pair = (512, 512)  # the photo is shrunk to fit into it and keeps its aspect; MAX_SIDE at most
    max_pixels: int = DEFAULT_MAX_PIXELS  # a photo of more is refused before it is decoded

    @property
    def pool_step(self) -> Pair:
        """The stride of the pooling."""
        return self.pool_stride or self.pool_size


@dataclass(frozen=True)
class Filtered:
    """What one kernel made of the photo."""

    kernel: Kernel
    convolved: NDArray[np.float64]  # (a, b)
    pooled: NDArray[np.float64]  # (c, d)


@dataclass(frozen=True)
class FilteredPhoto:
    """A photo, and what every kernel made of it."""

    source: str  # its path, as it can be printed
    gray: NDArray[np.uint8]  # (n, m) in 0..255, without the padding
    filtered: tuple[Filtered, ...]
    options: FilterOptions


def filter_photo(path: Path, options: FilterOptions) -> FilteredPhoto:
    """Reads a photo, makes it gray, and convolves and pools it with every kernel.

    Raises:
        ImageError: The photo cannot be read, is no image, or is too large.
        UsageError: A kernel or window does not fit into the photo, or an option is out of its range.
    """
    if max(options.size) > MAX_SIDE:
        raise UsageError(f"a size of {max(options.size):,} pixels a side: expected {MAX_SIDE:,} or less")
    if options.padding > MAX_PADDING:
        raise UsageError(f"a padding of {options.padding:,}: expected {MAX_PADDING} or less")
    gray = _read_gray(path, options)
    padded = pad_zeros(gray, options.padding)
    filtered = tuple(_filter(padded, kernel, options) for kernel in options.kernels)
    return FilteredPhoto(printable(str(path)), gray, filtered, options)


def fit_into(shape: Pair, box: Pair) -> Pair:
    """Returns the largest height and width of `shape`'s aspect within `box`, never above `shape`, never below 1."""
    scale = min(1.0, box[0] / shape[0], box[1] / shape[1])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _read_gray(path: Path, options: FilterOptions) -> NDArray[np.uint8]:
    decoded = read_image(path, max_pixels=options.max_pixels)
    for warning in (*decoded.warnings, *filter(None, (decoded.damage,))):
        log.warning("%s: %s", printable(str(path)), warning)
    height, width = decoded.pixels.shape[:2]
    height, width = fit_into((height, width), options.size)
    return resize_image(decoded.pixels, InputSpec(height, width, 1, color="gray"))[..., 0]


def _filter(padded: NDArray[np.uint8], kernel: Kernel, options: FilterOptions) -> Filtered:
    convolved = convolve(padded, kernel.weights(), options.stride)
    pool = pool_max if options.pool == "max" else pool_average
    return Filtered(kernel, convolved, pool(convolved, options.pool_size, options.pool_step))
