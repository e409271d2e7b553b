"""How the pixels of a TIFF are laid out, and which layouts can be shown."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.images import tiff_fields as tags
from cnnkit.images.reader import ImageBytes, Order
from cnnkit.images.tiff_fields import Fields, read_fields

PLAIN, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE = 1, 5, 7, 8, 32773, 32946
FAX = (2, 3, 4)  # CCITT, of pixels of one bit
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
NOT_ALPHA, ASSOCIATED = 0, 1  # of an extra sample; 2 is an alpha that colours are not yet multiplied by
DIFFERENCES = 2  # a predictor: each sample is stored as its difference from the one to its left

_COMPRESSIONS = frozenset({PLAIN, *FAX, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE})
_COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, LAB: 3}
_UNSHOWN = {4: "transparency mask", 9: "ICC Lab", 10: "ITU Lab", 32803: "raw camera pixels (CFA)"}
_UNSHOWN |= {32844: "LogL", 32845: "LogLuv", 34892: "raw camera pixels (linear)"}
_FORMATS = {2: "signed", 3: "float", 5: "complex", 6: "complex float"}
_MOST_SAMPLES = 4
_LARGEST_TILE = 2**24  # pixels, but for tiles of a larger picture: each is unpacked whole

Bytes = bytes | memoryview


class Layout(NamedTuple):
    """Where which pixels are, and what they are."""

    width: int
    height: int
    order: Order  # of the bytes of 16-bit samples
    bits: int  # of a sample: 1, 2, 4, 8 or 16
    samples: int  # of a pixel, extra ones included
    photometric: int
    compression: int
    predictor: int
    reversed_bits: bool
    separate: bool  # one plane after the other, rather than pixel by pixel
    extra: int | None  # what the sample behind the colours is; None where it is not said
    largest: int  # the value that stands for full brightness
    colour_map: NDArray[np.int64] | None  # (3 x entries,) of a palette, in 16 bits
    tables: bytes  # of JPEG pieces
    tiled: bool
    piece_width: int  # of a strip or tile, in pixels
    piece_height: int
    pieces: NDArray[np.int64]  # (planes, pieces, 2): where each begins, and its bytes

    @property
    def colours(self) -> int:
        """The samples of a pixel that are colours."""
        return _COLOURS[self.photometric]

    @property
    def has_alpha(self) -> bool:
        """Whether the sample behind the colours says how opaque a pixel is."""
        return self.samples > self.colours and self.extra != NOT_ALPHA

    @property
    def across(self) -> int:
        """How many pieces lie side by side."""
        return -(-self.width // self.piece_width)

    @property
    def down(self) -> int:
        """How many pieces lie one below the other."""
        return -(-self.height // self.piece_height)

    @property
    def padded(self) -> bool:
        """Whether tiles hold more than the picture."""
        return self.tiled and (self.width % self.piece_width > 0 or self.height % self.piece_height > 0)

    @property
    def plane_samples(self) -> int:
        """The samples of a pixel that lie in one plane."""
        return 1 if self.separate else self.samples

    @property
    def row_bytes(self) -> int:
        """Of one row of a piece, unpacked."""
        return -(-self.piece_width * self.plane_samples * self.bits // 8)

    def rows(self, down: int) -> int:
        """Returns how many rows the pieces of that row of pieces hold; that of tiles are all there."""
        return self.piece_height if self.tiled else min(self.piece_height, self.height - down * self.piece_height)


class PieceSize(NamedTuple):
    """What a piece is unpacked to."""

    rows: int
    row_bytes: int
    most_rows: int  # there may be: some programs fill the last strip up

    @property
    def bytes(self) -> int:
        """Of the whole piece."""
        return self.rows * self.row_bytes

    @property
    def most_bytes(self) -> int:
        """More of them are too many."""
        return self.most_rows * self.row_bytes


def read_layout(file: ImageBytes) -> Layout:
    """Reads the layout of the first page.

    Raises:
        ImageError: The file is cut, contradicts itself, or holds pixels of a kind that cannot be shown.
    """
    fields = read_fields(file)
    _check_kind(file, fields)
    width, height = fields.first(tags.WIDTH, 0), fields.first(tags.HEIGHT, 0)
    tiled = tags.TILE_WIDTH in fields.values
    piece = fields.first(tags.TILE_WIDTH, 0), fields.first(tags.TILE_HEIGHT, 0)
    if not tiled:
        piece = width, min(fields.first(tags.ROWS_PER_STRIP, height), height)
    if min(piece) < 1 or (tiled and piece[0] * piece[1] > max(_LARGEST_TILE, 4 * width * height)):
        raise file.corrupt(f"its pieces have {piece[0]:,} x {piece[1]:,} pixels")
    bits, samples = fields.first(tags.BITS, 1), fields.first(tags.SAMPLES, 1)
    layout = Layout(
        width,
        height,
        fields.order,
        bits,
        samples,
        fields.first(tags.PHOTOMETRIC, BLACK_IS_ZERO),
        fields.first(tags.COMPRESSION, PLAIN),
        fields.first(tags.PREDICTOR, 1),
        fields.first(tags.FILL_ORDER, 1) == 2,
        fields.first(tags.PLANAR, 1) == 2 and samples > 1,
        fields.first(tags.EXTRA_SAMPLES, 0) if tags.EXTRA_SAMPLES in fields.values else None,
        fields.first(tags.LARGEST_VALUE, 2**bits - 1),
        fields.values.get(tags.COLOUR_MAP),
        fields.values[tags.JPEG_TABLES].astype(np.uint8).tobytes() if tags.JPEG_TABLES in fields.values else b"",
        tiled,
        *piece,
        np.empty((0, 0, 2), np.int64),
    )
    return layout._replace(pieces=_read_pieces(file, fields, layout))


def _read_pieces(file: ImageBytes, fields: Fields, layout: Layout) -> NDArray[np.int64]:
    kind = tags.STRIP_OFFSETS, tags.STRIP_SIZES
    if layout.tiled and tags.TILE_OFFSETS in fields.values:  # old programs put those of tiles where strips have theirs
        kind = tags.TILE_OFFSETS, tags.TILE_SIZES
    starts, sizes = (fields.values.get(tag) for tag in kind)
    if starts is None:
        raise file.corrupt("it does not say where its pixels are")
    planes = layout.samples if layout.separate else 1
    count = planes * layout.across * layout.down
    if sizes is None and layout.compression == PLAIN:
        known = range(min(count, len(starts)))  # which may be few, where the picture is told to have very many
        whole = [layout.row_bytes * layout.rows(index // layout.across % layout.down) for index in known]
        sizes = np.array(whole, np.int64)
    if sizes is None or min(len(starts), len(sizes)) < count:
        raise file.corrupt(f"it holds {0 if sizes is None else min(len(starts), len(sizes)):,} of {count:,} pieces")
    pieces = np.stack([starts[:count], sizes[:count]], axis=1).reshape(planes, layout.down * layout.across, 2)
    if pieces.min() < 0:
        raise file.corrupt("its pieces lie outside of any file")
    if not file.lenient:
        file.need(int(pieces.sum(axis=2).max()))
    return pieces


def _check_kind(file: ImageBytes, fields: Fields) -> None:
    """Refuses what is right and cannot be shown, with what it is."""
    if tags.DNG_VERSION in fields.values:
        raise file.unsupported("format: DNG, a camera's raw file, expected a picture made of it")
    if fields.first(tags.SUBFILE, 0) & 1 and tags.SUBDIRECTORIES in fields.values:
        raise file.unsupported("format: a camera's raw file, expected a picture made of it")
    compression = fields.first(tags.COMPRESSION, PLAIN)
    if compression not in _COMPRESSIONS:
        raise file.unsupported(
            f"compression: TIFF scheme {compression}, expected none, LZW, Deflate, PackBits, JPEG or CCITT"
        )
    _check_samples(file, fields)
    if compression == JPEG:
        _check_jpeg(file, fields)


def _check_jpeg(file: ImageBytes, fields: Fields) -> None:
    """Refuses pieces that are no JPEGs of colours alone."""
    photometric, samples = fields.first(tags.PHOTOMETRIC, BLACK_IS_ZERO), fields.first(tags.SAMPLES, 1)
    if photometric in (CMYK, PALETTE):
        kind = "CMYK" if photometric == CMYK else "a palette"
        raise file.unsupported(f"colours: TIFF of {kind} packed as JPEG, expected RGB or gray")
    if samples != _COLOURS[photometric] or (samples > 1 and fields.first(tags.PLANAR, 1) == 2):
        kind = "with more than colours" if samples != _COLOURS[photometric] else "of one colour each"
        raise file.unsupported(f"pixel type: TIFF of JPEGs {kind}, expected RGB or gray")


def _check_samples(file: ImageBytes, fields: Fields) -> None:
    bits, samples = fields.first(tags.BITS, 1), fields.first(tags.SAMPLES, 1)
    kind = _FORMATS.get(fields.first(tags.SAMPLE_FORMAT, 1), "")
    every = fields.values.get(tags.BITS, np.array([1])).tolist()
    photometric = fields.first(tags.PHOTOMETRIC, BLACK_IS_ZERO)
    if kind or bits not in (1, 2, 4, 8, 16) or len(set(every)) > 1:
        shown = "/".join(str(value) for value in dict.fromkeys(every))
        raise file.unsupported(
            f"pixel type: {shown}-bit {kind}{' ' if kind else ''}TIFF, expected whole numbers of 1, 2, 4, 8 or 16 bits"
        )
    if photometric not in _COLOURS:
        raise file.unsupported(
            f"colours: {_UNSHOWN.get(photometric, f'TIFF kind {photometric}')}, expected RGB or gray"
        )
    if not _COLOURS[photometric] <= samples <= _MOST_SAMPLES:
        raise file.unsupported(f"pixel type: TIFF of {samples} samples a pixel, expected up to {_MOST_SAMPLES}")
    if photometric == PALETTE and bits > 8:
        raise file.unsupported(f"pixel type: TIFF with a palette of {bits} bits, expected up to 8")
    if photometric == PALETTE and tags.COLOUR_MAP not in fields.values:
        raise file.corrupt("its palette is missing")
    if fields.first(tags.PREDICTOR, 1) == DIFFERENCES and bits < 8:
        raise file.unsupported(f"pixel type: differences of {bits}-bit samples, expected 8 or 16 bits")
