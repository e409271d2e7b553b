"""TIFF: its size, and its pixels; the first page only.

OpenCV's reader keeps libtiff's errors to itself and scrambles what is not quite ordinary. So the layout is read here,
and pieces are unpacked one by one; faxes and colours that only libtiff knows are left to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ImageError
from cnnkit.images import jpeg, tiff_fields as tags
from cnnkit.images.opencv_codec import decode_rgb
from cnnkit.images.reader import Decoded, ImageBytes, Traits
from cnnkit.images.tiff_colours import read_samples, to_rgb
from cnnkit.images.tiff_fields import SIGNATURES as SIGNATURES, read_fields
from cnnkit.images.tiff_layout import (
    FAX,
    JPEG,
    LAB,
    LZW,
    PLAIN,
    RGB,
    WHITE_IS_ZERO,
    YCBCR,
    Bytes,
    Layout,
    PieceSize,
    read_layout,
)
from cnnkit.images.tiff_pieces import reverse_bits, unpack
from cnnkit.images.zeroed import zeroed_damage
from cnnkit.system import opencv_warnings

_BAND = 2**20  # bytes: so much is unpacked at once, if there are so small pieces
_JPEG_BLOCK = 16  # pixels: so much larger than needed a piece may be
_LARGE = 2**28  # bytes of a piece of which OpenCV keeps three copies


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels.

    Raises:
        ImageError: The directory is cut off or malformed.
    """
    fields = read_fields(file)
    width, height = fields.first(tags.WIDTH, 0), fields.first(tags.HEIGHT, 0)
    if tags.WIDTH not in fields.values or tags.HEIGHT not in fields.values:
        raise file.corrupt("it does not say its size")
    return width, height


def inspect(file: ImageBytes) -> Traits:
    """Checks the kind of pixels, and that every strip or tile lies within the file.

    Raises:
        ImageError: The file is cut, or holds pixels of a kind that cannot be shown.
    """
    layout = read_layout(file)
    orientation = read_fields(file).first(tags.ORIENTATION, 1)
    heavy = layout.compression == LZW and layout.row_bytes * layout.piece_height > _LARGE
    return Traits(
        orientation=orientation if 1 <= orientation <= 8 else 1, weight=2 if heavy else 1, deep=layout.bits == 16
    )


def decode(file: ImageBytes, traits: Traits) -> Decoded:
    """Decodes the first page, as it is stored.

    Raises:
        ImageError: A piece of it is damaged.
    """
    layout = read_layout(file)
    if layout.compression in FAX or layout.photometric == LAB or _is_raw_ycbcr(layout):
        return Decoded(_decode_by_opencv(file))
    pixels = (np.zeros if file.lenient else np.empty)((layout.height, layout.width, 3), np.uint8)
    lost: list[ImageError] = []
    for part in _parts(layout, alone=file.lenient):
        try:
            _decode_part(file, layout, part, pixels)
        except ImageError as error:
            lost.append(error)
            if not file.lenient:
                raise
    if len(lost) == layout.across * layout.down:
        raise lost[0]
    plain = layout.compression == PLAIN and not layout.padded  # what fills tiles up is zeros, too
    start, end = int(layout.pieces[0, 0, 0]), int(layout.pieces.sum(axis=2).max())
    return Decoded(pixels, zeroed_damage(file, start, end, layout.row_bytes) if plain else None)


class _Part(NamedTuple):
    """Pieces that are decoded at once, one below the other."""

    first: int  # index of the first piece
    pieces: int
    rows: int  # of each
    top: int
    left: int


def _decode_part(file: ImageBytes, layout: Layout, part: _Part, pixels: NDArray[np.uint8]) -> None:
    """Writes the pixels of pieces to where they belong in the picture."""
    bottom = part.top + part.rows * part.pieces
    seen = pixels[part.top : bottom, part.left : part.left + layout.piece_width]
    if layout.compression == JPEG:
        seen[:] = _decode_jpeg(file, layout, part)[: len(seen), : seen.shape[1]]
    else:
        _fill(seen, layout, _unpack_part(file, layout, part))


def _parts(layout: Layout, *, alone: bool) -> Iterator[_Part]:
    """Gives the pieces; if not each alone, so many strips at once that the time for each does not count."""
    if alone or layout.tiled or layout.compression == JPEG:
        for index in range(layout.down * layout.across):
            down, across = divmod(index, layout.across)
            yield _Part(index, 1, layout.rows(down), down * layout.piece_height, across * layout.piece_width)
        return
    whole = layout.height // layout.piece_height
    together = max(1, _BAND // (layout.piece_height * layout.row_bytes))
    for first in range(0, whole, together):
        count = min(together, whole - first)
        yield _Part(first, count, layout.piece_height, first * layout.piece_height, 0)
    if whole < layout.down:
        yield _Part(whole, 1, layout.rows(whole), whole * layout.piece_height, 0)


def _fill(pixels: NDArray[np.uint8], layout: Layout, planes: Sequence[NDArray[np.uint8]]) -> None:
    """Makes RGB of the unpacked rows of each plane, in bands: (rows, columns, 3) uint8."""
    rows = max(1, _BAND // max(1, layout.row_bytes))
    for top in range(0, len(pixels), rows):
        samples = [read_samples(plane[top : top + rows], layout) for plane in planes]
        joined = np.concatenate(samples, axis=2) if len(samples) > 1 else samples[0]
        band = pixels[top : top + rows]
        band[:] = to_rgb(joined[: len(band), : band.shape[1]], layout)


def _unpack_part(file: ImageBytes, layout: Layout, part: _Part) -> list[NDArray[np.uint8]]:
    """Returns (rows, bytes a row) uint8 of each plane."""
    size = PieceSize(part.rows, layout.row_bytes, layout.piece_height)
    planes = []
    for plane in range(len(layout.pieces)):
        pieces = [_piece(file, layout, plane, part.first + index) for index in range(part.pieces)]
        unpacked = unpack(pieces, size, layout.compression)
        if isinstance(unpacked, int):
            raise _damaged(file, layout, part.first + unpacked)
        planes.append(unpacked)
    return planes


def _damaged(file: ImageBytes, layout: Layout, index: int) -> ImageError:
    kind = "tile" if layout.tiled else "strip"
    return file.corrupt(f"{kind} {index + 1:,} of {layout.across * layout.down:,} does not hold the pixels it should")


def _piece(file: ImageBytes, layout: Layout, plane: int, index: int) -> Bytes:
    start, size = layout.pieces[plane, index].tolist()
    data = memoryview(file.data)[start : start + size]
    return reverse_bits(bytes(data)) if layout.reversed_bits else data


def _decode_jpeg(file: ImageBytes, layout: Layout, part: _Part) -> NDArray[np.uint8]:
    """Decodes a piece that is a JPEG of its own, once it has the tables that all of them share."""
    rgb = layout.photometric == RGB
    data = jpeg.joined(layout.tables, bytes(_piece(file, layout, 0, part.first)), rgb=rgb)
    width, height = jpeg.read_size(file._replace(data=data))
    fits = width < layout.piece_width + _JPEG_BLOCK and height < layout.piece_height + _JPEG_BLOCK
    pixels = decode_rgb(data) if fits else None
    if pixels is None or len(pixels) < min(part.rows, layout.height - part.top) or pixels.shape[1] < layout.piece_width:
        raise _damaged(file, layout, part.first)
    return 255 - pixels if layout.photometric == WHITE_IS_ZERO else pixels


def _is_raw_ycbcr(layout: Layout) -> bool:
    return layout.photometric == YCBCR and layout.compression != JPEG


def _decode_by_opencv(file: ImageBytes) -> NDArray[np.uint8] | None:
    """Decodes what only libtiff knows, without the orientation, which OpenCV applies wrongly to tiles."""
    place = read_fields(file).places.get(tags.ORIENTATION)
    data = file.data
    if place is not None:
        upright = b"\1\0" if data[:1] == b"I" else b"\0\1"
        data = data[:place] + upright + data[place + 2 :]
    with opencv_warnings():  # of damaged faxes libtiff makes what it can, and says so there
        return decode_rgb(data)
