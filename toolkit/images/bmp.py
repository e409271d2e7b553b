"""BMP: its size, and whether its pixels are all there."""

from __future__ import annotations

from cnnkit.images.reader import ImageBytes, Traits

SIGNATURE = b"BM"
_OLD_HEADER = 12  # bytes; the headers of Windows have 40 or more
_UNPACKED = (0, 3, 6)  # compression: plain, and plain with masks that say where each colour's bits are


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels."""
    header = file.number(14, 4, "little")
    if header == _OLD_HEADER:
        return file.number(18, 2, "little"), file.number(20, 2, "little")
    if header < 40:
        raise file.corrupt(f"its header has {header} bytes, expected 12 or at least 40")
    height = file.number(22, 4, "little")
    # A negative height means that the rows run from top to bottom.
    return file.number(18, 4, "little"), min(height, 2**32 - height)


def inspect(file: ImageBytes) -> Traits:
    """Checks that the rows of pixels lie within the file.

    Raises:
        ImageError: The file is cut.
    """
    width, height = read_size(file)
    old = file.number(14, 4, "little") == _OLD_HEADER
    bits = file.number(24 if old else 28, 2, "little")
    compression, packed_size = (0, 0) if old else (file.number(30, 4, "little"), file.number(34, 4, "little"))
    row = (width * bits + 31) // 32 * 4
    file.need(file.number(10, 4, "little") + (row * height if compression in _UNPACKED else packed_size))
    # The fourth byte of a 32-bit pixel is padding as often as it is alpha: it is ignored, as most viewers do.
    return Traits()
