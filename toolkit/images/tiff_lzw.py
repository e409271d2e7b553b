"""LZW as TIFF has it, unpacked by OpenCV out of a file made for it: one gray picture of 16 bits with a piece a row.

OpenCV gives that back byte by byte, or not at all where a piece is cut. That a piece gives exactly the pixels it should
shows without unpacking it again: the code that ends it is made one that clears the table, and known bytes are put
behind it. Codes that were changed give more or less, mostly, and these bytes come out in another place.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.opencv_codec import decode_unchanged
from cnnkit.images.tiff_layout import LZW, Bytes, PieceSize

_OPENCV_SIDE = 2**20
_CLEAR, _END, _FIRST_BITS = 256, 257, 9  # codes, and the bits of one after the table is cleared
_MARK = bytes(range(61, 256, 3))
_LEAST_MARK = 8  # bytes
_GROUP = 200  # literals after which the table is cleared, while codes still have 9 bits
_FILLING = 4  # bytes that may fill a piece up


def unpack_lzw(pieces: Sequence[Bytes], size: PieceSize) -> NDArray[np.uint8] | int:
    """Unpacks pieces of the same size.

    Args:
        pieces: As they are in the file.
        size: Of each.

    Returns:
        (pieces, bytes) uint8, or the same in another shape; or the index of the first piece that is damaged.
    """
    unpacked = _unpack_marked(pieces, size)
    return _unpack_again(pieces, size) if unpacked is None else unpacked


def _unpack_marked(pieces: Sequence[Bytes], size: PieceSize) -> NDArray[np.uint8] | None:
    """Unpacks pieces with known bytes behind each; None where these are not found again, for whatever reason."""
    row, count = size.row_bytes, _LEAST_MARK + size.bytes % 2
    width = (size.bytes + count) // 2
    if width > _OPENCV_SIDE:
        width = row // 2 if row % 2 == 0 else row
        count = row if row % 2 == 0 or size.rows % 2 else 2 * row
    marked = [_marked(piece, count) for piece in pieces]
    whole = [piece for piece in marked if piece is not None]
    if len(whole) < len(pieces) or width > _OPENCV_SIDE:
        return None
    pixels = _decode_gray(whole, width, (size.bytes + count) // (2 * width), 16)
    if pixels is None:
        return None
    unpacked: NDArray[np.uint8] = pixels.reshape(len(pieces), -1).view(np.uint8)
    known = np.frombuffer(_mark(count), np.uint8)
    return unpacked[:, : size.bytes] if (unpacked[:, size.bytes :] == known).all() else None


def _marked(piece: Bytes, count: int) -> bytes | None:
    """Puts `count` known bytes behind a piece; None where it does not end with the code that should be there."""
    ending = bytes(piece[-_FILLING:]).rstrip(b"\0")
    if not ending:
        return None
    last = len(piece) - min(len(piece), _FILLING) + len(ending) - 1  # the byte in which the code ends
    spare = (ending[-1] & -ending[-1]).bit_length() - 1  # bits behind it
    if int.from_bytes(bytes(piece[max(0, last - 2) : last + 1]), "big") >> spare & (2**_FIRST_BITS - 1) != _END:
        return None
    tail = _coded_mark(count, 8 - spare)
    return b"".join([piece[:last], bytes([(ending[-1] ^ 1 << spare) | tail[0]]), tail[1:]])


def _mark(count: int) -> bytes:
    return (_MARK * (count // len(_MARK) + 1))[:count]


@lru_cache(16)
def _coded_mark(count: int, begun: int) -> bytes:
    """Returns known bytes as codes of a table that was just cleared, behind so many bits of the first byte."""
    codes = []
    for start in range(0, count, _GROUP):
        codes += [*_mark(count)[start : start + _GROUP], _CLEAR]
    bits = "0" * begun + "".join(f"{code:09b}" for code in [*codes[:-1], _END])
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def _unpack_again(pieces: Sequence[Bytes], size: PieceSize) -> NDArray[np.uint8] | int:
    """Unpacks, and asks for more than there should be, too: of pieces without an end, or that are filled up."""
    least, row = _even(size.bytes, -1, size.row_bytes), size.row_bytes
    unpacked = _unpack_words(pieces, least, row) if least else np.empty(0, np.uint8)
    if unpacked is None:
        return next((index for index, piece in enumerate(pieces) if _unpack_words([piece], least, row) is None), 0)
    longer = _even(size.most_bytes + 1, 1, row)
    for index, piece in enumerate(pieces):
        if _unpack_words([piece], longer, row) is not None:
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


def _unpack_words(pieces: Sequence[Bytes], size: int, row: int) -> NDArray[np.uint8] | None:
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
