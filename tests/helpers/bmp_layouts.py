"""BMP files in every layout that the reader claims, each with the pixels that it should give."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import product

import numpy as np
from layout_pictures import ALPHA, CAT, GRAY, ImageLayout, on_white


def bmp_layouts() -> Iterator[ImageLayout]:
    for header, downward, (name, bits, masks) in product((40, 52, 56, 108, 124), (False, True), _MASKS):
        data, alpha = _masked_bmp(header, downward, bits, masks)
        if data is None:
            continue
        places = [_parts(CAT, mask, n) for n, mask in enumerate(masks[:3])]
        expected = np.dstack(places)
        yield ImageLayout(
            f"bmp-{header}-{name}{'-downward' * downward}",
            data,
            on_white(expected, ALPHA) if alpha else expected,
            2 if alpha else 1,
        )
    for bits, header in product((1, 2, 4, 8), (12, 16, 40, 108)):
        palette = np.random.default_rng(bits).integers(0, 256, (2**bits, 3), dtype=np.uint8)
        yield ImageLayout(
            f"bmp-{header}-palette-{bits}-bit", _palette_bmp(header, bits, palette), palette[GRAY >> (8 - bits)]
        )
    palette = np.random.default_rng(8).integers(0, 256, (256, 3), dtype=np.uint8)
    data = _palette_bmp(40, 8, palette)
    misplaced = data[:10] + struct.pack("<I", 54) + data[14:]
    yield ImageLayout("bmp-pixels-said-to-be-where-the-palette-is", misplaced, palette[GRAY])
    for header in (12, 16, 40, 124):
        yield ImageLayout(f"bmp-{header}-24-bit", _true_bmp(header), CAT)
    for header in (12, 16, 40, 108):
        data = _palette_bmp(header, 8, palette)
        yield ImageLayout(f"bmp-{header}-palette-at-no-place", data[:10] + bytes(4) + data[14:], palette[GRAY])
        data = _true_bmp(header)
        yield ImageLayout(f"bmp-{header}-24-bit-at-no-place", data[:10] + bytes(4) + data[14:], CAT)
    _, bits, masks = _MASKS[1]
    data, _ = _masked_bmp(40, False, bits, masks)
    if data is not None:
        expected = np.dstack([_parts(CAT, mask, n) for n, mask in enumerate(masks)])
        yield ImageLayout("bmp-40-565-at-no-place", data[:10] + bytes(4) + data[14:], expected)
    yield from _packed_bmps()


def _packed_bmps() -> Iterator[ImageLayout]:
    """Runs, pixels that stand as they are, and moves, with the end of a row behind every full one."""
    for bits, downward in product((4, 8), (False, True)):
        palette = np.random.default_rng(bits).integers(0, 256, (2**bits, 3), dtype=np.uint8)
        indices = GRAY >> (8 - bits)
        rows = indices if downward else indices[::-1]
        runs = b"".join(_runs(row, bits) + b"\0\0" for row in rows) + b"\0\1"
        data = _packed_bmp(CAT.shape[0], CAT.shape[1], bits, palette, runs, downward=downward)
        yield ImageLayout(f"bmp-packed-{bits}-bit{'-downward' * downward}", data, palette[indices])
    small = np.zeros((4, 6), np.uint8)
    small[0, :2], small[2, 3:], small[3, 1] = 1, 2, 3
    palette = np.array([[9, 8, 7], [255, 0, 0], [0, 255, 0], [0, 0, 255]] + [[0, 0, 0]] * 252, np.uint8)
    moves = bytes([2, 1, 0, 2, 1, 2, 9, 2, 0, 0, 0, 2, 1, 0, 1, 3, 0, 1])  # a run beyond its row is cut
    data = _packed_bmp(4, 6, 8, palette, moves, downward=True)
    yield ImageLayout("bmp-packed-moves", data, palette[small])


def _runs(row: np.ndarray, bits: int) -> bytes:
    """Packs a row as BMP has it: runs of one value, and in front of them up to 255 pixels as they stand."""
    packed, plain, at = b"", list[int](), 0
    while at < len(row):
        run = 1
        while at + run < len(row) and run < 255 and row[at + run] == row[at]:
            run += 1
        if run > 2:
            packed += _plain_pixels(plain, bits) + bytes([run, int(row[at]) * (17 if bits == 4 else 1)])
            plain = []
        else:
            plain += row[at : at + run].tolist()
        at += run
    return packed + _plain_pixels(plain, bits)


def _plain_pixels(values: list[int], bits: int) -> bytes:
    if len(values) < 3:  # such a number means something else
        return b"".join(bytes([1, value * (17 if bits == 4 else 1)]) for value in values)
    padded = values + [0] * (len(values) % 2)
    stored = (
        bytes(padded[::2][i] << 4 | padded[1::2][i] for i in range(len(padded) // 2)) if bits == 4 else bytes(values)
    )
    return bytes([0, len(values)]) + stored + b"\0" * (len(stored) % 2)


def _packed_bmp(height: int, width: int, bits: int, palette: np.ndarray, runs: bytes, *, downward: bool) -> bytes:
    compression = 2 if bits == 4 else 1
    info = struct.pack(
        "<IiiHHIIiiII", 40, width, -height if downward else height, 1, bits, compression, len(runs), 0, 0, 0, 0
    )
    table = b"".join(bytes(entry[::-1].tolist()) + b"\0" for entry in palette)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(info) + len(table)) + info + table + runs


_MASKS = [
    ("555", 16, (0x7C00, 0x3E0, 0x1F)),
    ("565", 16, (0xF800, 0x7E0, 0x1F)),
    ("444", 16, (0x0F00, 0xF0, 0xF)),
    ("565-blue-first", 16, (0x1F, 0x7E0, 0xF800)),
    ("1555", 16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    ("bgra", 32, (0xFF0000, 0xFF00, 0xFF)),
    ("rgba", 32, (0xFF, 0xFF00, 0xFF0000)),
    ("abgr", 32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    ("xrgb", 32, (0xFF00, 0xFF0000, 0xFF000000)),
    ("argb", 32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    ("10-bit", 32, (0x3FF00000, 0xFFC00, 0x3FF)),
]


def _width(mask: int) -> tuple[int, int]:
    shift = (mask & -mask).bit_length() - 1
    return shift, mask >> shift


def _parts(pixels: np.ndarray, mask: int, channel: int) -> np.ndarray:
    _, largest = _width(mask)
    stored = pixels[..., channel].astype(np.uint64) * largest // 255
    return np.rint(stored * 255 / largest).astype(np.uint8)


def _masked_bmp(header: int, downward: bool, bits: int, masks: tuple[int, ...]) -> tuple[bytes | None, bool]:
    alpha = len(masks) > 3
    if alpha and (header < 56 or bits == 16):
        return None, False
    words = np.zeros(CAT.shape[:2], np.uint64)
    for n, mask in enumerate(masks):
        shift, largest = _width(mask)
        plane = ALPHA if n == 3 else CAT[..., n]
        words |= (plane.astype(np.uint64) * largest // 255) << np.uint64(shift)
    kind = f"<u{bits // 8}"
    row = -(-CAT.shape[1] * bits // 32) * 4
    rows = [line.astype(kind).tobytes().ljust(row, b"\0") for line in words]
    pixels = b"".join(rows if downward else rows[::-1])
    height = -CAT.shape[0] if downward else CAT.shape[0]
    info = struct.pack("<IiiHHIIiiII", header, CAT.shape[1], height, 1, bits, 3, len(pixels), 0, 0, 0, 0)
    info += struct.pack(f"<{len(masks)}I", *masks)
    info = info.ljust(max(header, 52), b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + len(info) + len(pixels), 0, 0, 14 + len(info)) + info + pixels, alpha


def _header(size: int, bits: int) -> bytes:
    height, width = CAT.shape[:2]
    if size == 12:
        return struct.pack("<IHHHH", 12, width, height, 1, bits)
    whole = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, 0, 0, 0, 0, 0, 0).ljust(size, b"\0")
    return whole[:size]


def _palette_bmp(size: int, bits: int, palette: np.ndarray) -> bytes:
    info = _header(size, bits)
    table = b"".join(bytes(entry[::-1].tolist()) + (b"" if size == 12 else b"\0") for entry in palette)
    row = -(-CAT.shape[1] * bits // 32) * 4
    indices = np.unpackbits((GRAY >> (8 - bits))[..., None], axis=2)[..., 8 - bits :].reshape(len(GRAY), -1)
    rows = [bytes(line).ljust(row, b"\0") for line in np.packbits(indices, axis=1)]
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(info) + len(table)) + info + table + b"".join(rows[::-1])


def _true_bmp(size: int) -> bytes:
    info, row = _header(size, 24), -(-CAT.shape[1] * 3 // 4) * 4
    rows = [line[:, ::-1].tobytes().ljust(row, b"\0") for line in CAT]
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(info)) + info + b"".join(rows[::-1])
