"""The first directory of a TIFF or BigTIFF: its fields, as numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.reader import ImageBytes, Order

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF's

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES = 273, 274, 277, 278, 279
PLANAR, PREDICTOR, COLOUR_MAP, LARGEST_VALUE = 284, 317, 320, 281
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES = 322, 323, 324, 325
SUBDIRECTORIES, EXTRA_SAMPLES, SAMPLE_FORMAT, JPEG_TABLES, DNG_VERSION = 330, 338, 339, 347, 50706
_WANTED = frozenset(
    {SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, STRIP_OFFSETS, ORIENTATION, SAMPLES}
    | {ROWS_PER_STRIP, STRIP_SIZES, PLANAR, PREDICTOR, COLOUR_MAP, LARGEST_VALUE, TILE_WIDTH, TILE_HEIGHT}
    | {TILE_OFFSETS, TILE_SIZES, SUBDIRECTORIES, EXTRA_SAMPLES, SAMPLE_FORMAT, JPEG_TABLES, DNG_VERSION}
)
_SIZES = {1: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8}  # field type -> bytes


class Fields(NamedTuple):
    """What the directory says."""

    order: Order
    values: dict[int, NDArray[np.int64]]  # tag -> its numbers, one at least
    places: dict[int, int]  # tag -> where its first number stands in the file

    def first(self, tag: int, default: int) -> int:
        """Returns the first number of a field, or `default` where there is no such field."""
        return int(self.values[tag][0]) if tag in self.values else default


class _Sizes(NamedTuple):
    """How TIFF and BigTIFF differ, in bytes."""

    start: int  # where the place of the directory stands
    offset: int  # of a place in the file
    number: int  # of the number of entries
    entry: int


_CLASSIC, _BIG = _Sizes(4, 4, 2, 12), _Sizes(8, 8, 8, 20)


def read_fields(file: ImageBytes) -> Fields:
    """Reads the fields that decoding needs.

    Raises:
        ImageError: The directory, or what one of these fields points to, is cut off.
    """
    order: Order = "little" if file.data[:1] == b"I" else "big"
    sizes = _BIG if file.number(2, 2, order) == 43 else _CLASSIC
    start = file.number(sizes.start, sizes.offset, order)
    count = file.number(start, sizes.number, order)
    first = start + sizes.number
    file.need(first + sizes.entry * count)
    values: dict[int, NDArray[np.int64]] = {}
    places: dict[int, int] = {}
    for at in range(first, first + sizes.entry * count, sizes.entry):
        tag = file.number(at, 2, order)
        if tag not in _WANTED or tag in values:
            continue
        place, numbers = _read_values(file, at, order, sizes)
        if numbers.size:
            values[tag], places[tag] = numbers, place
    return Fields(order, values, places)


def _read_values(file: ImageBytes, at: int, order: Order, sizes: _Sizes) -> tuple[int, NDArray[np.int64]]:
    """Returns where the numbers of a field are, and they; none for a field of another type."""
    size = _SIZES.get(file.number(at + 2, 2, order), 0)
    count = file.number(at + 4, sizes.offset, order) if size else 0
    place = at + 4 + sizes.offset
    if size * count > sizes.offset:
        place = file.number(place, sizes.offset, order)
    file.need(place + size * count)
    kind = f"{'<' if order == 'little' else '>'}u{size or 1}"
    return place, np.frombuffer(file.data, kind, count, place if count else 0).astype(np.int64)
