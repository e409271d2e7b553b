"""GIF: its size, and its first frame.

That frame is all that OpenCV gets: later ones may be damaged, and change how it reads the first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.opencv_codec import decode_on_white
from cnnkit.images.reader import Decoded, ImageBytes, Traits

SIGNATURES = (b"GIF87a", b"GIF89a")
_SMALL = 2**20  # pixels: no harm, if a frame is larger than the canvas
_FRAME, _EXTENSION, _TRAILER, _CONTROL = 0x2C, 0x21, 0x3B, 0xF9


class _Frame(NamedTuple):
    """The first frame, and what belongs to it."""

    control: bytes  # the extension that says what is transparent; may be empty
    start: int  # of its descriptor
    end: int  # of its data


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height of the canvas in pixels; of the first frame where there is no canvas."""
    width, height = file.number(6, 2, "little"), file.number(8, 2, "little")
    if width and height:
        return width, height
    frame = _first_frame(file)
    return file.number(frame.start + 5, 2, "little"), file.number(frame.start + 7, 2, "little")


def inspect(file: ImageBytes) -> Traits:
    """Checks that the first frame is whole; what follows it is not looked at.

    Raises:
        ImageError: The file is cut before the end of its first frame, or holds none.
    """
    frame = _first_frame(file)
    width, height = (file.number(frame.start + at, 2, "little") for at in (5, 7))
    canvas_width, canvas_height = read_size(file)
    if width * height > max(canvas_width * canvas_height, _SMALL):
        raise file.corrupt(f"its first frame has {width:,} x {height:,} pixels, more than its canvas")
    return Traits(transparent=True)


def decode(file: ImageBytes, traits: Traits) -> Decoded:
    """Decodes the first frame on a white canvas."""
    frame = _first_frame(file)
    left, top, width, height = (file.number(frame.start + at, 2, "little") for at in (1, 3, 5, 7))
    pixels = _decode_alone(file, frame, width, height)
    if pixels is None or pixels.shape[:2] != (height, width):
        return Decoded(None)
    canvas_width, canvas_height = read_size(file)
    if (left, top, width, height) == (0, 0, canvas_width, canvas_height):
        return Decoded(pixels)
    canvas = np.full((canvas_height, canvas_width, 3), 255, np.uint8)
    seen = pixels[: max(0, canvas_height - top), : max(0, canvas_width - left)]
    canvas[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    return Decoded(canvas)


def _decode_alone(file: ImageBytes, frame: _Frame, width: int, height: int) -> NDArray[np.uint8] | None:
    """Decodes a file made of the first frame, on a canvas of its size, without a background colour."""
    tables = 13 + _table_size(file.number(10, 1, "little"))
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    canvas = SIGNATURES[1] + size + file.data[10:11] + b"\0\0" + file.data[13:tables]
    described = bytes([_FRAME]) + bytes(4) + file.data[frame.start + 5 : frame.end]
    data = canvas + frame.control + described + bytes([_TRAILER])
    return decode_on_white(data, Traits(transparent=True))


def _first_frame(file: ImageBytes) -> _Frame:
    at, control = 13 + _table_size(file.number(10, 1, "little")), b""
    while (kind := file.number(at, 1, "little")) != _FRAME:
        if kind == _TRAILER:
            raise file.corrupt("it holds no frame")
        if kind != _EXTENSION:
            raise file.corrupt(f"unknown block at byte {at:,}")
        end = _after_blocks(file, at + 2)
        if file.number(at + 1, 1, "little") == _CONTROL:
            control = file.data[at:end]
        at = end
    return _Frame(control, at, _after_blocks(file, at + 11 + _table_size(file.number(at + 9, 1, "little"))))


def _table_size(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(file: ImageBytes, at: int) -> int:
    """Follows blocks, each headed by its length, to the empty one that ends them."""
    while length := file.number(at, 1, "little"):
        at += 1 + length
    return at + 1
