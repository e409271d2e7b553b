"""Tells a JPEG that lacks only its end marker from one that lacks part of its picture.

libjpeg pads what is missing with zero bits and says so on stderr alone. So the data is decoded with several other
paddings as well: a picture that is all there is the same with each of them. Two cuts would escape that, and are looked
for: one between two scans of a progressive JPEG, and one in front of a restart marker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.jpeg import END, FRAMES, SCAN, Segment, segments
from cnnkit.images.reader import ImageBytes

_COEFFICIENTS = 64  # of a block
# They begin with different bits, since the first code alone may be what is missing.
_NOISE = bytes(pow(6, k, 251) for k in range(128))
_PADDINGS = (_NOISE[50:], b"\x55" * 96, b"\xaa" * 96, b"\xcc" * 96, b"\xe5" * 96)
_ZEROS = 16  # so many zero bytes at the end are taken for a file that was never filled

Decode = Callable[[bytes], "NDArray[np.uint8] | None"]


def mend_end(file: ImageBytes, decode: Decode) -> bytes:
    """Gives a JPEG without an end marker that marker, if its picture is all there.

    Args:
        file: The file.
        decode: Gives the pixels of a JPEG, or None.

    Returns:
        The bytes of the file with an end marker.

    Raises:
        ImageError: The coded data ends before the picture does.
    """
    data = _without_filling(file.data)
    headers = [segment for segment in segments(file) if segment.marker in FRAMES or segment.marker == SCAN]
    pixels = decode(data + END) if has_all_scans(file.data, headers) else None
    if pixels is None:
        raise file.truncated(len(data))
    for padding in _paddings(data, headers[-1].end):
        other = decode(data + padding + END)
        if other is None or not np.array_equal(pixels, other):
            raise file.truncated(len(data))
    return data + END


def _without_filling(data: bytes) -> bytes:
    """Drops zeros that fill the file up, and an FF at the end that is half of something."""
    tail = data.rstrip(b"\0")
    if len(data) - len(tail) < _ZEROS:
        return data.rstrip(b"\xff")
    return tail + b"\0" if tail.endswith(b"\xff") else tail


def has_all_scans(data: bytes, headers: list[Segment]) -> bool:
    """Tells whether the scans, as their headers have it, bring all coefficients of all components to the last bit.

    Args:
        data: Of the file.
        headers: Of the frame and of the scans, at least.
    """
    frame = next(segment for segment in headers if segment.marker in FRAMES)
    components = data[frame.start + 6 : frame.end : 3]
    missing = {(component, k) for component in components for k in range(_COEFFICIENTS)}
    for scan in headers:
        if scan.marker == SCAN:
            missing -= _final_coefficients(data[scan.start : scan.end])
    return not missing


def _final_coefficients(scan: bytes) -> set[tuple[int, int]]:
    """Returns the (component, coefficient) pairs of which a scan brings the last bit."""
    components = scan[1:-3:2]
    first, last, bits = scan[-3:] if components else (0, 0, 0)
    if bits & 0x0F:  # how many bits are still to come
        return set()
    return {(component, k) for component in components for k in range(first, last + 1)}


def _paddings(data: bytes, scan: int) -> Iterator[bytes]:
    """Gives paddings that go on in the next restart interval, too, for data that ends in front of one."""
    tail = max(data.rfind(b"\xff" + bytes([marker]), scan) for marker in range(0xD0, 0xD8))
    following = 0xD0 if tail < 0 else 0xD0 + (data[tail + 1] - 0xD0 + 1) % 8
    for padding in _PADDINGS:
        yield padding + b"\xff" + bytes([following]) + padding
