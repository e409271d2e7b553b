"""JPEG 2000: its size; a file in boxes, or the bare code stream."""

from __future__ import annotations

from cnnkit.images.reader import ImageBytes, Traits

SIGNATURES = (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
_SIZE = b"\xff\x4f\xff\x51"  # the start of a code stream, and the marker of its size


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels."""
    at = file.data.find(_SIZE)
    if at < 0:
        raise file.truncated()
    right, bottom, left, top = (file.number(at + 8 + 4 * index, 4, "big") for index in range(4))
    return max(0, right - left), max(0, bottom - top)


def inspect(file: ImageBytes) -> Traits:
    """Checks that the code stream has its end.

    Raises:
        ImageError: The file is cut.
    """
    at = file.data.find(_SIZE)
    channels = file.number(at + 40, 2, "big")
    bits = (file.number(at + 42, 1, "big") & 0x7F) + 1
    if file.data.rfind(b"\xff\xd9", at) < 0:
        raise file.truncated()
    if bits > 16 or channels not in (1, 3, 4):
        raise file.unsupported(
            f"pixel type: JPEG 2000 of {channels} samples of {bits} bits, expected 1, 3 or 4 of up to 16 bits"
        )
    return Traits(transparent=channels == 4, weight=2)
