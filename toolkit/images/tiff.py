"""TIFF: the size, the kind of pixels, and whether the pixels are all there; the first page only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.reader import ImageBytes, Order, Traits

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF's

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_SAMPLES, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 277, 338, 339
_PIECES = ((273, 279), (324, 325))  # offsets and sizes, of strips and of tiles
_SIZES = {1: 1, 3: 2, 4: 4}  # field type -> bytes: BYTE, SHORT, LONG
_RGB, _ASSOCIATED, _UNASSOCIATED = 2, 1, 2
_FLOAT = 3
_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)  # none, CCITT, LZW, JPEG, Deflate, PackBits, the older Deflate

_Fields = dict[int, NDArray[np.int64]]


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels.

    Raises:
        ImageError: The directory is cut off or malformed, or the file is a BigTIFF.
    """
    fields = _read_fields(file)
    if _WIDTH not in fields or _HEIGHT not in fields:
        raise file.corrupt("it does not say its size")
    return int(fields[_WIDTH][0]), int(fields[_HEIGHT][0])


def inspect(file: ImageBytes) -> Traits:
    """Checks the kind of pixels, and that every strip or tile lies within the file.

    Raises:
        ImageError: The file is cut, or holds pixels of a kind that cannot be shown.
    """
    fields = _read_fields(file)
    _check_kind(file, fields)
    for offsets, sizes in _PIECES:
        if offsets in fields and sizes in fields:
            count = min(len(fields[offsets]), len(fields[sizes]))
            file.need(int((fields[offsets][:count] + fields[sizes][:count]).max()))
    return _traits(fields)


def _check_kind(file: ImageBytes, fields: _Fields) -> None:
    bits = _first(fields, _BITS, 1)
    if _first(fields, _SAMPLE_FORMAT, 1) == _FLOAT:
        raise file.unsupported(f"pixel type: {bits}-bit float TIFF, expected whole numbers of up to 16 bits")
    if bits > 16:
        raise file.unsupported(f"pixel type: {bits}-bit TIFF, expected up to 16 bits")
    compression = _first(fields, _COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        raise file.unsupported(
            f"compression: TIFF scheme {compression}, expected none, LZW, Deflate, PackBits, JPEG or CCITT"
        )


def _traits(fields: _Fields) -> Traits:
    with_alpha = _first(fields, _PHOTOMETRIC, 0) == _RGB and _first(fields, _SAMPLES, 1) == 4
    extra = _first(fields, _EXTRA_SAMPLES, 0)
    # Of 8-bit pictures libtiff multiplies the colours by an alpha that is declared as not yet multiplied.
    multiplied = (_ASSOCIATED, _UNASSOCIATED) if _first(fields, _BITS, 1) <= 8 else (_ASSOCIATED,)
    return Traits(transparent=with_alpha, premultiplied=extra in multiplied)


def _first(fields: _Fields, tag: int, default: int) -> int:
    return int(fields[tag][0]) if tag in fields else default


def _read_fields(file: ImageBytes) -> _Fields:
    order: Order = "little" if file.data[:1] == b"I" else "big"
    if file.number(2, 2, order) == 43:
        raise file.unsupported("format: BigTIFF, expected TIFF")
    start = file.number(4, 4, order)
    count = file.number(start, 2, order)
    entries = [start + 2 + 12 * index for index in range(count)]
    file.need(start + 2 + 12 * count)
    return {file.number(at, 2, order): values for at in entries if (values := _read_values(file, at, order)).size}


def _read_values(file: ImageBytes, at: int, order: Order) -> NDArray[np.int64]:
    """Returns the numbers of a field; none for a field of another type."""
    size = _SIZES.get(file.number(at + 2, 2, order), 0)
    count = file.number(at + 4, 4, order) if size else 0
    place = at + 8 if size * count <= 4 else file.number(at + 8, 4, order)
    file.need(place + size * count)
    kind = f"{'<' if order == 'little' else '>'}u{size or 1}"
    return np.frombuffer(file.data, kind, count, place if count else 0).astype(np.int64)
