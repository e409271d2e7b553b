"""BMP: its size, and its pixels, which are stored plainly or in run lengths."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.bmp_runs import unpack_runs
from cnnkit.images.reader import Decoded, ImageBytes, Traits
from cnnkit.images.transparency import blend
from cnnkit.images.zeroed import zeroed_damage
from cnnkit.system import import_cv2

SIGNATURE = b"BM"
_OLD, _SHORT, _USUAL = 12, 16, 40  # bytes of a header: OS/2's, its second one cut short, and that of Windows
_HEADERS = frozenset({_OLD, _SHORT, _USUAL, 52, 56, 64, 108, 124})
_PLAIN, _RLE8, _RLE4, _MASKS, _ALPHA_MASKS = 0, 1, 2, 3, 6  # compression
_MASK_BYTES = {_MASKS: 12, _ALPHA_MASKS: 16}  # behind a usual header
_NAMES = {4: "JPEG in a BMP", 5: "PNG in a BMP"}
_DEFAULT_MASKS = {16: (0x7C00, 0x03E0, 0x001F), 32: (0xFF0000, 0xFF00, 0xFF)}
_BAND = 2**18  # pixels


class _Header(NamedTuple):
    """What a BMP says of itself."""

    size: int  # of the header, in bytes
    width: int
    height: int
    downward: bool  # rows run from top to bottom
    bits: int  # of a pixel
    compression: int
    packed: int  # bytes of packed pixels
    entries: int  # of the palette; 0 for as many as there can be
    pixels: int  # where they begin

    @property
    def row_bytes(self) -> int:
        return (self.width * self.bits + 31) // 32 * 4


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels."""
    header = _read_header(file)
    return header.width, header.height


def has_known_header(head: bytes) -> bool:
    """Whether what begins as a BMP goes on as one: many a text begins with the same two letters."""
    return int.from_bytes(head[14:18], "little") in _HEADERS


def inspect(file: ImageBytes) -> Traits:
    """Checks that the rows of pixels lie within the file.

    Raises:
        ImageError: The file is cut, or holds pixels of a kind that cannot be read.
    """
    header = _read_header(file)
    if header.compression in _NAMES:
        raise file.unsupported(f"compression: {_NAMES[header.compression]}, expected none or run lengths")
    if header.compression not in (_PLAIN, _RLE8, _RLE4, _MASKS, _ALPHA_MASKS) or (
        header.compression == _MASKS and header.bits == 1
    ):
        raise file.unsupported(f"compression: BMP scheme {header.compression}, expected none or run lengths")
    if header.bits not in (1, 2, 4, 8, 16, 24, 32):
        raise file.unsupported(f"pixel type: {header.bits}-bit BMP, expected 1, 2, 4, 8, 16, 24 or 32 bits")
    packed = header.compression in (_RLE8, _RLE4)
    file.need(header.pixels + (header.packed if packed else header.row_bytes * header.height))
    return Traits()


def decode(file: ImageBytes, traits: Traits) -> Decoded:
    """Decodes the pixels."""
    header = _read_header(file)
    if header.compression in (_RLE8, _RLE4):
        return _decode_runs(file, header)
    rows = np.frombuffer(file.data, np.uint8, header.row_bytes * header.height, header.pixels)
    rows = rows.reshape(header.height, header.row_bytes)
    if not header.downward:
        rows = rows[::-1]
    pixels = np.empty((header.height, header.width, 3), np.uint8)
    read = _read_palette(file, header) if header.bits <= 8 else _read_masks(file, header, rows)
    band = max(1, _BAND // header.width)
    for top in range(0, header.height, band):
        pixels[top : top + band] = _rgb(rows[top : top + band], header, read)
    return Decoded(pixels, zeroed_damage(file, header.pixels, header.pixels + rows.size, header.row_bytes))


def _decode_runs(file: ImageBytes, header: _Header) -> Decoded:
    nibbles = header.compression == _RLE4
    unpacked = unpack_runs(file.data, header.pixels, header.width, header.height, nibbles=nibbles)
    indices = unpacked.indices if header.downward else unpacked.indices[::-1]
    pixels, palette = np.empty((header.height, header.width, 3), np.uint8), _read_palette(file, header)
    band = max(1, _BAND // header.width)  # numpy takes 8 bytes for each index meanwhile
    for top in range(0, header.height, band):
        pixels[top : top + band] = palette[indices[top : top + band]]
    return Decoded(pixels, None if unpacked.whole else "its run lengths end before its picture does")


def _read_header(file: ImageBytes) -> _Header:
    size = file.number(14, 4, "little")
    if size == _OLD:
        width, height = file.number(18, 2, "little"), file.number(20, 2, "little")
        bits = file.number(24, 2, "little")
        pixels = file.number(10, 4, "little")
        if pixels < 14 + size:
            pixels = 14 + size + (3 * 2**bits if bits <= 8 else 0)
        return _Header(size, width, height, False, bits, _PLAIN, 0, 0, pixels)
    if size != _SHORT and size < _USUAL:
        raise file.corrupt(f"its header has {size:,} bytes, expected 12, 16 or at least 40")
    width, height = file.number(18, 4, "little"), file.number(22, 4, "little")
    short = size == _SHORT
    compression, packed, entries = (0 if short else file.number(at, 4, "little") for at in (30, 34, 46))
    bits, pixels = file.number(28, 2, "little"), file.number(10, 4, "little")
    if pixels < 14 + size:  # which is not said, or cannot be
        pixels = 14 + size + (_MASK_BYTES.get(compression, 0) if size == _USUAL else 0)
    if pixels == 14 + size and bits <= 8:  # where the palette is
        pixels += 4 * (entries or 2**bits)
    return _Header(
        size,
        width,
        min(height, 2**32 - height),
        height >= 2**31,
        bits,
        compression,
        packed,
        entries,
        pixels,
    )


def _read_palette(file: ImageBytes, header: _Header) -> NDArray[np.uint8]:
    """Returns (256, 3) uint8 RGB; black behind the entries that there are."""
    start, size = 14 + header.size, 3 if header.size == _OLD else 4
    count = min(header.entries or 2**header.bits, 2**header.bits, (header.pixels - start) // size)
    palette = np.zeros((256, 3), np.uint8)
    if count > 0:
        file.need(start + size * count)
        stored = np.frombuffer(file.data, np.uint8, size * count, start).reshape(count, size)
        palette[:count] = stored[:, 2::-1]
    return palette


def _read_masks(file: ImageBytes, header: _Header, rows: NDArray[np.uint8]) -> tuple[int, ...]:
    """Returns the bits of red, green and blue in a pixel, and those of alpha where one is used."""
    if header.compression == _PLAIN or header.bits == 24:
        return _DEFAULT_MASKS.get(header.bits, ())
    masks = tuple(file.number(at, 4, "little") for at in (54, 58, 62))
    if header.size < 56 and header.compression != _ALPHA_MASKS:
        return masks
    alpha = file.number(66, 4, "little")
    used = alpha and any((_words(row, header) & alpha).any() for row in rows)  # many programs leave it at zero
    return (*masks, alpha) if used else masks


def _words(rows: NDArray[np.uint8], header: _Header) -> NDArray[np.uint32]:
    """Returns the pixels of (..., bytes of a row), each as one number."""
    return rows.view(f"<u{header.bits // 8}")[..., : header.width].astype(np.uint32)


def _rgb(rows: NDArray[np.uint8], header: _Header, read: NDArray[np.uint8] | tuple[int, ...]) -> NDArray[np.uint8]:
    """Returns (H, W, 3) uint8 RGB of (H, bytes of a row).

    Args:
        rows: As they are stored.
        header: What the file says of itself.
        read: The palette, or the bits of each colour in a pixel; none of these for 24 bits.
    """
    if isinstance(read, np.ndarray):
        shifts = np.arange(8 - header.bits, -1, -header.bits, dtype=np.uint8)
        indices = (rows[:, :, None] >> shifts) & (2**header.bits - 1)
        colours: NDArray[np.uint8] = read[indices.reshape(len(rows), -1)[:, : header.width]]
        return colours
    if not read:
        plain = np.ascontiguousarray(rows[:, : 3 * header.width]).reshape(len(rows), header.width, 3)
        turned: NDArray[np.uint8] = import_cv2().cvtColor(plain, import_cv2().COLOR_BGR2RGB)
        return turned
    words = _words(rows, header)
    channels = [_channel(words, mask) for mask in read]
    mixed = np.dstack(channels[:3])
    return blend(mixed, channels[3], premultiplied=False) if len(channels) > 3 else mixed


def _channel(words: NDArray[np.uint32], mask: int) -> NDArray[np.uint8]:
    """Brings the bits of a mask to 0..255."""
    if mask == 0:
        return np.zeros(words.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    largest = mask >> shift
    values = (words & mask) >> shift
    if largest > 255:  # of more bits the upper 8 are kept
        return (values >> (largest.bit_length() - 8)).astype(np.uint8)
    return ((values * 255 + largest // 2) // largest).astype(np.uint8)
