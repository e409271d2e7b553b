"""GIF: its size, and whether its first frame is all there."""

from __future__ import annotations

from cnnkit.images.reader import ImageBytes, Traits

SIGNATURES = (b"GIF87a", b"GIF89a")
_FRAME, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height of the canvas in pixels."""
    return file.number(6, 2, "little"), file.number(8, 2, "little")


def inspect(file: ImageBytes) -> Traits:
    """Checks that the first frame is whole; what follows it is not looked at.

    Raises:
        ImageError: The file is cut before the end of its first frame, or holds none.
    """
    at = 13 + _table_size(file.number(10, 1, "little"))
    while (kind := file.number(at, 1, "little")) != _FRAME:
        if kind == _TRAILER:
            raise file.corrupt("it holds no frame")
        if kind != _EXTENSION:
            raise file.corrupt(f"unknown block at byte {at:,}")
        at = _after_blocks(file, at + 2)
    _after_blocks(file, at + 11 + _table_size(file.number(at + 9, 1, "little")))
    return Traits(transparent=True)


def _table_size(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(file: ImageBytes, at: int) -> int:
    """Follows blocks, each headed by its length, to the empty one that ends them."""
    while length := file.number(at, 1, "little"):
        at += 1 + length
    return at + 1
