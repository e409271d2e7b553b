"""TIFF files written by hand, in every layout: orders of bytes, depths, planes, strips and tiles, packings."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

PLAIN, LZW, JPEG, DEFLATE, PACKBITS = 1, 5, 7, 8, 32773
_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}


@dataclass
class Tiff:
    """How a TIFF is written; `tags` overrule what follows from the rest."""

    samples: np.ndarray  # (H, W, N), of values below 2^bits
    bits: int = 8
    photometric: int = 2
    order: str = "<"
    big: bool = False
    tile: int = 0  # side of a tile; 0 for strips
    named_as_strips: bool = False  # where tiles are and how large, under the numbers of strips
    rows: int = 0  # of a strip; 0 for one strip
    compression: int = PLAIN
    predictor: bool = False
    separate: bool = False
    extra: int | None = None
    orientation: int = 1
    tags: dict[int, tuple[int, list[int]]] = field(default_factory=dict)

    def write(self) -> bytes:
        planes = [self.samples[..., [n]] for n in range(self.samples.shape[2])] if self.separate else [self.samples]
        pieces = [self._pack(piece) for plane in planes for piece in self._pieces(plane)]
        return self._file(pieces)

    def _pieces(self, plane: np.ndarray) -> list[np.ndarray]:
        height, width, _ = plane.shape
        if not self.tile:
            rows = self.rows or height
            return [plane[top : top + rows] for top in range(0, height, rows)]
        side = self.tile
        padded = np.pad(plane, ((0, -height % side), (0, -width % side), (0, 0)), mode="edge")
        return [
            padded[top : top + side, left : left + side]
            for top in range(0, padded.shape[0], side)
            for left in range(0, padded.shape[1], side)
        ]

    def _pack(self, piece: np.ndarray) -> bytes:
        if self.compression == JPEG:
            return _jpeg(piece)
        raw = self._raw(piece)
        if self.compression == DEFLATE:
            return zlib.compress(raw)
        if self.compression == LZW:
            return lzw(raw)
        row = len(raw) // len(piece)
        parts = [raw[at : at + row] for at in range(0, len(raw), row)]
        return b"".join(map(packbits, parts)) if self.compression == PACKBITS else raw

    def _raw(self, piece: np.ndarray) -> bytes:
        kind = np.uint8 if self.bits <= 8 else np.uint16
        values = piece.astype(kind)
        if self.predictor:
            values = np.concatenate([values[:, :1], np.diff(values, axis=1)], axis=1).astype(kind)
        flat = values.reshape(len(piece), -1)
        if self.bits == 16:
            return flat.astype(f"{self.order}u2").tobytes()
        if self.bits == 8:
            return flat.tobytes()
        bits = np.unpackbits(flat[..., None], axis=2)[..., 8 - self.bits :]
        return np.packbits(bits.reshape(len(piece), -1), axis=1).tobytes()

    def _file(self, pieces: list[bytes]) -> bytes:
        height, width, count = self.samples.shape
        longs = 16 if self.big else 4
        head = 16 if self.big else 8
        starts, at = [], head
        for piece in pieces:
            starts.append(at)
            at += len(piece)
        tags: dict[int, tuple[int, list[int]]] = {
            256: (4, [width]),
            257: (4, [height]),
            258: (3, [self.bits] * count),
            259: (3, [self.compression]),
            262: (3, [self.photometric]),
            274: (3, [self.orientation]),
            277: (3, [count]),
            284: (3, [2 if self.separate else 1]),
        }
        if self.tile:
            tags |= {322: (4, [self.tile]), 323: (4, [self.tile])}
        else:
            tags |= {278: (4, [self.rows or height])}
        where, sizes = (324, 325) if self.tile and not self.named_as_strips else (273, 279)
        tags |= {where: (longs, starts), sizes: (4, list(map(len, pieces)))}
        if self.predictor:
            tags[317] = (3, [2])
        if self.extra is not None:
            tags[338] = (3, [self.extra])
        tags |= self.tags
        body = b"".join(pieces)
        body += b"\0" * (-len(body) % 8)
        return self._head(head + len(body)) + body + self._directory(tags, head + len(body))

    def _head(self, directory: int) -> bytes:
        mark = b"II" if self.order == "<" else b"MM"
        if self.big:
            return mark + struct.pack(self.order + "HHHQ", 43, 8, 0, directory)
        return mark + struct.pack(self.order + "HI", 42, directory)

    def _directory(self, tags: dict[int, tuple[int, list[int]]], start: int) -> bytes:
        inline = 8 if self.big else 4
        entries, rest = b"", b""
        after = start + (8 + 20 * len(tags) + 8 if self.big else 2 + 12 * len(tags) + 4)
        for tag, (kind, values) in sorted(tags.items()):
            data = struct.pack(f"{self.order}{len(values)}{_TYPES[kind]}", *values)
            if len(data) > inline:
                place = struct.pack(self.order + ("Q" if self.big else "I"), after + len(rest))
                rest += data + b"\0" * (-len(data) % 8)
                data = place
            entries += struct.pack(self.order + ("HHQ" if self.big else "HHI"), tag, kind, len(values))
            entries += data.ljust(inline, b"\0")
        count = struct.pack(self.order + ("Q" if self.big else "H"), len(tags))
        return count + entries + bytes(8 if self.big else 4) + rest


def _jpeg(piece: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": 100, "subsampling": 0}
    kind = {1: "L", 3: "RGB", 4: "CMYK"}[piece.shape[2]]
    image = Image.frombytes(kind, piece.shape[1::-1], piece.astype(np.uint8).tobytes())
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def packbits(row: bytes) -> bytes:
    """Packs runs of three and more."""
    packed, literal, at = b"", b"", 0
    while at < len(row):
        run = 1
        while at + run < len(row) and run < 128 and row[at + run] == row[at]:
            run += 1
        if run >= 3 or len(literal) == 128:
            packed += bytes([len(literal) - 1]) + literal if literal else b""
            literal = b""
        if run >= 3:
            packed += bytes([257 - run, row[at]])
            at += run
        else:
            literal += row[at : at + 1]
            at += 1
    return packed + (bytes([len(literal) - 1]) + literal if literal else b"")


def lzw(data: bytes) -> bytes:
    """Packs as TIFF has it: the most significant bit first, and the code a bit longer one entry early."""
    codes: list[tuple[int, int]] = [(256, 9)]
    table = {bytes([value]): value for value in range(256)}
    following, width, seen = 258, 9, b""
    for value in data:
        longer = seen + bytes([value])
        if longer in table:
            seen = longer
            continue
        codes.append((table[seen], width))
        table[longer] = following
        following += 1
        width = max(9, following.bit_length())
        if following == 4094:
            codes.append((256, width))
            table = {bytes([value]): value for value in range(256)}
            following, width = 258, 9
        seen = bytes([value])
    if seen:
        codes.append((table[seen], width))
        following += 1
        width = max(9, following.bit_length())
    codes.append((257, width))
    bits = "".join(f"{code:0{width}b}" for code, width in codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
