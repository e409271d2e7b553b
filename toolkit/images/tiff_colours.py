"""The samples of a TIFF's pixels made RGB of 8 bits, on white where they are transparent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.tiff_layout import (
    ASSOCIATED,
    CMYK,
    DIFFERENCES,
    PALETTE,
    RGB,
    WHITE_IS_ZERO,
    Layout,
)
from cnnkit.images.transparency import blend

Samples = NDArray[Any]  # uint8 or uint16


def read_samples(raw: NDArray[np.uint8], layout: Layout) -> Samples:
    """Takes the samples out of unpacked bytes.

    Args:
        raw: (rows, bytes a row) uint8.
        layout: Of the file.

    Returns:
        (rows, width of a piece, samples of a plane) uint8, or uint16 for 16 bits.
    """
    count = layout.piece_width * layout.plane_samples
    samples: Samples
    if layout.bits == 8:
        samples = raw
    elif layout.bits == 16:
        samples = raw.view("<u2" if layout.order == "little" else ">u2").astype(np.uint16, copy=False)
    else:
        shifts = np.arange(8 - layout.bits, -1, -layout.bits, dtype=np.uint8)
        samples = ((raw[:, :, None] >> shifts) & (2**layout.bits - 1)).reshape(len(raw), -1)[:, :count]
    samples = samples.reshape(len(raw), layout.piece_width, layout.plane_samples)
    if layout.predictor == DIFFERENCES:
        return np.cumsum(samples, axis=1, dtype=samples.dtype)
    return samples


def to_rgb(samples: Samples, layout: Layout) -> NDArray[np.uint8]:
    """Returns (rows, columns, 3) uint8 RGB of (rows, columns, samples of a pixel)."""
    colours = _colours(samples[..., : layout.colours], layout)
    if not layout.has_alpha:
        return colours
    alpha = to_8_bits(samples[..., layout.colours], layout)
    return blend(colours, alpha, premultiplied=layout.extra == ASSOCIATED)


def _colours(samples: Samples, layout: Layout) -> NDArray[np.uint8]:
    if layout.photometric == PALETTE:
        return _palette(layout)[samples[..., 0]]
    values = to_8_bits(samples, layout)
    if layout.photometric == RGB:
        return np.ascontiguousarray(values)
    if layout.photometric == CMYK:
        paper = 255 - values[..., :3].astype(np.uint16)
        return ((paper * (255 - values[..., 3:]) + 127) // 255).astype(np.uint8)
    return np.repeat(255 - values if layout.photometric == WHITE_IS_ZERO else values, 3, axis=2)


def to_8_bits(samples: Samples, layout: Layout) -> NDArray[np.uint8]:
    """Brings samples to 0..255; of 16 bits the upper 8 are kept."""
    if layout.bits == 16 and layout.largest < 2**15 and layout.largest > 255:
        return (np.minimum(samples, layout.largest).astype(np.uint32) * 255 // layout.largest).astype(np.uint8)
    if layout.bits == 16:
        return (samples >> 8).astype(np.uint8)
    return samples if layout.bits == 8 else (samples * (255 // (2**layout.bits - 1))).astype(np.uint8)


def _palette(layout: Layout) -> NDArray[np.uint8]:
    """Returns (256, 3) uint8 RGB; black behind the entries that there are."""
    stored = layout.colour_map if layout.colour_map is not None else np.zeros(3, np.int64)
    entries = stored[: len(stored) // 3 * 3].reshape(3, -1).T
    if entries.max(initial=0) > 255:  # some writers give 8 bits, though 16 are meant
        entries = entries >> 8
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(entries)] = entries[:256]
    return palette
