"""The strips and tiles of a TIFF, unpacked, and told whether they give what they should."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.tiff_layout import DEFLATE, LZW, OLD_DEFLATE, PACKBITS, PLAIN, Bytes, PieceSize
from cnnkit.images.tiff_lzw import unpack_lzw

_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def reverse_bits(data: bytes) -> bytes:
    """Exchanges the first and the last bit of each byte, and all between them."""
    return data.translate(_REVERSED)


def unpack(pieces: Sequence[Bytes], size: PieceSize, compression: int) -> NDArray[np.uint8] | int:
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


def _plain(pieces: Sequence[Bytes], size: PieceSize) -> NDArray[np.uint8] | int:
    short = next((index for index, piece in enumerate(pieces) if len(piece) < size.bytes), None)
    if short is not None:
        return short
    if len(pieces) == 1:
        return np.frombuffer(pieces[0], np.uint8, size.bytes)
    return np.frombuffer(b"".join(piece[: size.bytes] for piece in pieces), np.uint8)


def _deflate(pieces: Sequence[Bytes], size: PieceSize) -> NDArray[np.uint8] | int:
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


def _packbits(pieces: Sequence[Bytes], size: PieceSize) -> NDArray[np.uint8] | int:
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


_UNPACKING = {PLAIN: _plain, LZW: unpack_lzw, DEFLATE: _deflate, OLD_DEFLATE: _deflate, PACKBITS: _packbits}
