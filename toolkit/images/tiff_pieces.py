"""The strips and tiles of a TIFF, unpacked, and told whether they give what they should.

LZW is unpacked by OpenCV, out of a file made for it: one gray picture of 16 bits with a piece a row, which it gives
back byte by byte, or not at all where a piece is damaged.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.opencv_codec import decode_unchanged
from cnnkit.images.tiff_layout import DEFLATE, LZW, OLD_DEFLATE, PACKBITS, PLAIN

_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_OPENCV_SIDE = 2**20

Bytes = bytes | memoryview


def reverse_bits(data: bytes) -> bytes:
    """Exchanges the first and the last bit of each byte, and all between them."""
    return data.translate(_REVERSED)


class Size(NamedTuple):
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


def unpack(pieces: Sequence[Bytes], size: Size, compression: int) -> NDArray[np.uint8] | int:
    """Unpacks pieces of the same size.

    Args:
        pieces: As they are in the file.
        size: Of each.
        compression: As the file names it.

    Returns:
        (pieces x rows, bytes a row) uint8; or the index of the first piece that is damaged.
    """
    unpacked = _UNPACKING[compression](pieces, size)
    return unpacked if isinstance(unpacked, int) else unpacked.reshape(-1, size.row_bytes)


def _plain(pieces: Sequence[Bytes], size: Size) -> NDArray[np.uint8] | int:
    short = next((index for index, piece in enumerate(pieces) if len(piece) < size.bytes), None)
    if short is not None:
        return short
    if len(pieces) == 1:
        return np.frombuffer(pieces[0], np.uint8, size.bytes)
    return np.frombuffer(b"".join(piece[: size.bytes] for piece in pieces), np.uint8)


def _deflate(pieces: Sequence[Bytes], size: Size) -> NDArray[np.uint8] | int:
    unpacked = np.empty((len(pieces), size.bytes), np.uint8)
    for index, piece in enumerate(pieces):
        decoder = zlib.decompressobj()
        try:
            data = decoder.decompress(piece, size.bytes)
            rest = decoder.decompress(decoder.unconsumed_tail, size.most_bytes - size.bytes + 1)
        except zlib.error:
            return index
        if len(data) < size.bytes or not decoder.eof or len(data) + len(rest) > size.most_bytes:
            return index
        unpacked[index] = np.frombuffer(data, np.uint8)
    return unpacked


def _packbits(pieces: Sequence[Bytes], size: Size) -> NDArray[np.uint8] | int:
    unpacked = np.empty((len(pieces), size.bytes), np.uint8)
    for index, piece in enumerate(pieces):
        parts = _unpack_bits(bytes(piece))
        data = b"".join(parts)
        if not size.bytes <= len(data) <= size.most_bytes or _crosses_few_rows(parts, size.row_bytes):
            return index
        unpacked[index] = np.frombuffer(data, np.uint8, size.bytes)
    return unpacked


def _unpack_bits(packed: bytes) -> list[bytes]:
    """Unpacks runs; nothing where the last one is cut."""
    parts, at, size = [], 0, len(packed)
    while at < size:
        head = packed[at]
        if head < 128:
            parts.append(packed[at + 1 : at + 2 + head])
            at += 2 + head
        else:
            if head > 128:
                parts.append(packed[at + 1 : at + 2] * (257 - head))
                at += 1
            at += 1
    return parts if at == size else []


def _crosses_few_rows(parts: Sequence[bytes], row_bytes: int) -> bool:
    """Whether runs go on from some rows to the next, but not from most: no program packs so."""
    ends = np.cumsum([len(part) for part in parts])
    rows = int(ends[-1]) // row_bytes
    whole = int(np.count_nonzero(ends % row_bytes == 0))
    return rows / 2 < whole < rows


def _lzw(pieces: Sequence[Bytes], size: Size) -> NDArray[np.uint8] | int:
    """Unpacks, and asks for more than there should be, too: codes that were changed mostly give more or less."""
    least, row = _even(size.bytes, -1, size.row_bytes), size.row_bytes
    unpacked = _lzw_words(pieces, least, row) if least else np.empty(0, np.uint8)
    if unpacked is None:
        return next((index for index, piece in enumerate(pieces) if _lzw_words([piece], least, row) is None), 0)
    longer = _even(size.most_bytes + 1, 1, row)
    for index, piece in enumerate(pieces):
        if _lzw_words([piece], longer, row) is not None:
            return index
    if least == size.bytes:
        return unpacked
    pixels = _decode_gray(pieces, row, size.rows, 8)  # of 8 bits OpenCV does not say whether they are whole
    return 0 if pixels is None else pixels


def _even(size: int, step: int, row: int) -> int:
    """Returns the nearest even number of bytes in a direction; of large pieces that is one of whole rows."""
    if size <= 2 * _OPENCV_SIDE - 2:
        return size if size % 2 == 0 else size + step
    rows = size // row if step < 0 else -(-size // row)
    return (rows if rows * row % 2 == 0 else rows + step) * row


def _lzw_words(pieces: Sequence[Bytes], size: int, row: int) -> NDArray[np.uint8] | None:
    """Unpacks pieces of `size` bytes, an even number, of rows of `row` bytes; None where one is damaged."""
    width, rows = size // 2, 1
    if width > _OPENCV_SIDE:
        width = row // 2 if row % 2 == 0 else row
        rows = size // (2 * width)
    pixels = _decode_gray(pieces, width, rows, 16)
    return None if pixels is None else pixels.view(np.uint8)


def _decode_gray(pieces: Sequence[Bytes], width: int, rows: int, bits: int) -> NDArray[Any] | None:
    """Decodes a gray picture with an LZW piece each `rows` rows."""
    starts = np.cumsum([0] + [len(piece) for piece in pieces[:-1]])
    tables = 8 + 2 + 12 * 9 + 4
    place = tables + 8 * len(pieces)
    fields = [(256, width), (257, rows * len(pieces)), (258, bits), (259, LZW), (262, 1)]
    many = len(pieces) > 1
    fields += [(273, tables if many else place), (277, 1), (278, rows)]
    fields += [(279, tables + 4 * len(pieces) if many else len(pieces[0]))]
    entries = [struct.pack("<HHII", tag, 4, len(pieces) if tag in (273, 279) else 1, value) for tag, value in fields]
    lists = np.concatenate([starts + place, [len(piece) for piece in pieces]]).astype("<u4").tobytes()
    file = b"".join([b"II*\0\x08\0\0\0\x09\0", *entries, bytes(4), lists, *pieces])
    return decode_unchanged(file)


_UNPACKING = {PLAIN: _plain, LZW: _lzw, DEFLATE: _deflate, OLD_DEFLATE: _deflate, PACKBITS: _packbits}
