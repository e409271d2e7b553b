"""JPEG 2000: its size, and which of its many kinds of pixels can be shown; a file in boxes, or the bare code stream."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.opencv_codec import decode_rgb, decode_unchanged
from cnnkit.images.reader import Decoded, ImageBytes, Traits
from cnnkit.images.transparency import on_white
from cnnkit.system import import_cv2

SIGNATURES = (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
_BOXES = SIGNATURES[0] + b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 "
_GRAY = b"\0\0\0\x0fcolr\1\0\0\0\0\0\x11"
_YCC = re.compile(rb"(colr\x01..\0\0\0)\x12", re.DOTALL)  # the box of colours that are luminance and two differences
_SIZE = b"\xff\x4f\xff\x51"  # the start of a code stream, and the marker of its size
_COMPONENTS = 40  # bytes behind that: their number, and then three bytes of each
_EXPECTED = "expected 1, 3 or 4 samples of 8 to 16 bits, each at every pixel"


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels."""
    at = file.data.find(_SIZE)
    if at < 0:
        raise file.truncated()
    right, bottom, left, top = (file.number(at + 8 + 4 * index, 4, "big") for index in range(4))
    return max(0, right - left), max(0, bottom - top)


def inspect(file: ImageBytes) -> Traits:
    """Checks the kind of pixels, and that the code stream has its end.

    Raises:
        ImageError: The file is cut, or holds pixels of a kind that cannot be shown.
    """
    at = file.data.find(_SIZE)
    components = _components(file)
    kind = _unshown(components)
    if kind is None and (file.number(at + 16, 4, "big") or file.number(at + 20, 4, "big")):
        kind = "that does not begin at its upper left corner"
    if kind is not None:
        raise file.unsupported(f"pixel type: JPEG 2000 {kind}, {_EXPECTED}")
    if file.data.rfind(b"\xff\xd9", at) < 0:
        raise file.truncated()
    return Traits(transparent=len(components) == 4, weight=2)


def decode(file: ImageBytes, traits: Traits) -> Decoded:
    """Decodes the picture.

    Raises:
        ImageError: OpenCV does not, and does not say why.
    """
    components = _components(file)
    data = _as_gray(file, components[0]) if len(components) == 1 else file.data
    luminance = not traits.transparent and _YCC.search(data, 0, data.find(_SIZE)) is not None
    if luminance:  # OpenCV takes them for those of analogue television
        data = _YCC.sub(lambda match: match[1] + b"\x10", data, 1)
    pixels: NDArray[Any] | None = decode_unchanged(data) if traits.transparent else decode_rgb(data)
    if pixels is None:
        raise file.undecodable()
    if traits.transparent:
        return Decoded(on_white(_at_full_range(pixels, _bits(components[0])), traits))
    if luminance:
        cv2 = import_cv2()
        pixels = cv2.cvtColor(np.ascontiguousarray(pixels[..., [0, 2, 1]]), cv2.COLOR_YCrCb2RGB)
    return Decoded(pixels)


def _at_full_range(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    if pixels.dtype == np.uint16:
        pixels <<= 16 - bits
    return pixels


def _as_gray(file: ImageBytes, component: bytes) -> bytes:
    """Says that one sample is gray, which OpenCV wants to read in so many words; of a palette it is left as it is."""
    at = file.data.find(_SIZE)
    if b"pclr" in file.data[:at]:
        return file.data
    width, height = read_size(file)
    sizes = height.to_bytes(4, "big") + width.to_bytes(4, "big")
    header = b"\0\0\0\x16ihdr" + sizes + b"\0\1" + component[:1] + b"\7\0\0" + _GRAY
    return b"".join([_BOXES, (8 + len(header)).to_bytes(4, "big"), b"jp2h", header, b"\0\0\0\0jp2c", file.data[at:]])


def _components(file: ImageBytes) -> list[bytes]:
    """Returns three bytes of each sample of a pixel: its bits, and how far apart it stands across and down."""
    at = file.data.find(_SIZE)
    count, first = file.number(at + _COMPONENTS, 2, "big"), at + _COMPONENTS + 2
    file.need(first + 3 * count)
    return [file.data[start : start + 3] for start in range(first, first + 3 * count, 3)]


def _bits(component: bytes) -> int:
    return (component[0] & 0x7F) + 1


def _unshown(components: list[bytes]) -> str | None:
    """Says what is rare about the pixels; None where OpenCV decodes them."""
    if len(components) not in (1, 3, 4):
        return f"of {len(components)} samples a pixel"
    bits = sorted(set(map(_bits, components)))
    if len(bits) > 1:
        return f"whose samples have {' and '.join(map(str, bits))} bits"
    if not 8 <= bits[0] <= 16:
        return f"of {bits[0]} bit{'s' if bits[0] > 1 else ''} a sample"
    if any(component[0] & 0x80 for component in components):
        return "of signed numbers"
    if any(component[1:] != b"\1\1" for component in components):
        return "with samples that several pixels share"
    return None
