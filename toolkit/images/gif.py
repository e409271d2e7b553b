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
_FRAME, _EXTENSION, _TRAILER, _CONTROL = 0x2C, 0x21, 0x3B, 0xF9


class _Frame(NamedTuple):
    """The first frame, and what belongs to it."""

    control: bytes  # the extension that says what is transparent; may be empty
    start: int  # of its descriptor


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height of the canvas in pixels, enlarged as a first frame needs it, as in browsers."""
    left, top, width, height = _placed(file, _first_frame(file))
    return max(file.number(6, 2, "little"), left + width), max(file.number(8, 2, "little"), top + height)


def inspect(file: ImageBytes) -> Traits:
    """Checks that the first frame is whole; what follows it is not looked at.

    Raises:
        ImageError: The file is cut before the end of its first frame, or holds none.
    """
    _frame_end(file, _first_frame(file))
    return Traits(transparent=True)


def decode(file: ImageBytes, traits: Traits) -> Decoded:
    """Decodes the first frame on a white canvas."""
    frame = _first_frame(file)
    left, top, width, height = _placed(file, frame)
    pixels = _decode_alone(file, frame, width, height)
    if pixels is None or pixels.shape[:2] != (height, width):
        return Decoded(None)
    canvas_width, canvas_height = read_size(file)
    if (left, top, width, height) == (0, 0, canvas_width, canvas_height):
        return Decoded(pixels)
    canvas = np.full((canvas_height, canvas_width, 3), 255, np.uint8)
    canvas[top : top + height, left : left + width] = pixels
    return Decoded(canvas)


def _decode_alone(file: ImageBytes, frame: _Frame, width: int, height: int) -> NDArray[np.uint8] | None:
    """Decodes a file made of the first frame, on a canvas of its size, without a background colour."""
    tables = 13 + _table_size(file.number(10, 1, "little"))
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    canvas = SIGNATURES[1] + size + file.data[10:11] + b"\0\0" + file.data[13:tables]
    described = bytes([_FRAME]) + bytes(4) + file.data[frame.start + 5 : _frame_end(file, frame)]
    control = frame.control[:3] + bytes([frame.control[3] & 1]) + frame.control[4:] if len(frame.control) > 3 else b""
    data = canvas + control + described + bytes([_TRAILER])
    return decode_on_white(data, Traits(transparent=True))


def _placed(file: ImageBytes, frame: _Frame) -> tuple[int, int, int, int]:
    """Returns where a frame lies on the canvas, its left and top, and its width and height."""
    left, top, width, height = (file.number(frame.start + at, 2, "little") for at in (1, 3, 5, 7))
    return left, top, width, height


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
    return _Frame(control, at)


def _frame_end(file: ImageBytes, frame: _Frame) -> int:
    """Returns where its data end."""
    return _after_blocks(file, frame.start + 11 + _table_size(file.number(frame.start + 9, 1, "little")))


def _table_size(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(file: ImageBytes, at: int) -> int:
    """Follows blocks, each headed by its length, to the empty one that ends them."""
    while length := file.number(at, 1, "little"):
        at += 1 + length
    return at + 1
