"""TIFF files in every layout that the reader claims, each with the pixels that it should give."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from layout_pictures import ALPHA, CAT, GRAY, ImageLayout, as_gray, on_white, turned
from tiff_files import DEFLATE, JPEG, LZW, PACKBITS, PLAIN, Tiff

_PACKINGS = {"plain": PLAIN, "lzw": LZW, "deflate": DEFLATE, "packbits": PACKBITS}


def tiff_layouts() -> Iterator[ImageLayout]:
    yield from _tiff_depths()
    yield from _tiff_packings()
    yield from _tiff_orientations()
    yield from _tiff_alpha()
    yield from _tiff_jpeg()


def _tiff_depths() -> Iterator[ImageLayout]:
    """Each kind of pixels, in both orders of bytes, in TIFF and BigTIFF, in strips and tiles."""
    for order, big, tile, bits in product("<>", (False, True), (0, 16), (1, 2, 4, 8, 16)):
        full = 2**bits - 1
        where = f"tiff{'-big' if big else ''}{'-tiles' if tile else ''}-{order}-{bits}-bit"
        how = {"order": order, "big": big, "tile": tile, "rows": 7, "bits": bits}
        stored = (GRAY.astype(np.uint32) * full // 255)[..., None]
        shown = as_gray((stored[..., 0] * 255 // full).astype(np.uint8))
        yield ImageLayout(f"{where}-gray", Tiff(stored, photometric=1, **how).write(), shown)
        yield ImageLayout(f"{where}-white-is-zero", Tiff(stored, photometric=0, **how).write(), 255 - shown)
        colours = CAT.astype(np.uint32) * full // 255
        shown = (colours * 255 // full).astype(np.uint8)
        yield ImageLayout(f"{where}-rgb", Tiff(colours, photometric=2, **how).write(), shown)
        if bits <= 8:
            palette = np.random.default_rng(bits).integers(0, 256, (full + 1, 3))
            tags = {320: (3, (palette.T.reshape(-1) * 257).tolist())}
            data = Tiff(stored, photometric=3, tags=tags, **how).write()
            yield ImageLayout(f"{where}-palette", data, palette[stored[..., 0]].astype(np.uint8))
    yield ImageLayout("tiff-tiles-named-as-strips", Tiff(CAT, tile=16, named_as_strips=True).write(), CAT)
    cmyk = np.dstack([255 - CAT, np.full_like(GRAY, 40)])
    expected = (CAT * (215 / 255)).round().astype(np.uint8)
    yield ImageLayout("tiff-cmyk", Tiff(cmyk, photometric=5).write(), expected)


def _tiff_packings() -> Iterator[ImageLayout]:
    for (name, packing), predictor, separate, tile, bits in product(
        _PACKINGS.items(), (False, True), (False, True), (0, 16), (8, 16)
    ):
        how = {"compression": packing, "predictor": predictor, "separate": separate, "tile": tile, "rows": 5}
        stored = CAT.astype(np.uint32) * (257 if bits == 16 else 1)
        where = f"tiff-{name}{'-predictor' * predictor}{'-planes' * separate}{'-tiles' if tile else ''}-{bits}-bit"
        yield ImageLayout(where, Tiff(stored, bits=bits, **how).write(), CAT)
    for (name, packing), bits in product(_PACKINGS.items(), (1, 2, 4)):
        stored = (GRAY >> (8 - bits))[..., None]
        shown = as_gray(stored[..., 0] * (255 // (2**bits - 1)))
        data = Tiff(stored, bits=bits, photometric=1, compression=packing, rows=3).write()
        yield ImageLayout(f"tiff-{name}-gray-{bits}-bit", data, shown)
    for name, packing in _PACKINGS.items():
        data = Tiff(GRAY[..., None], photometric=1, compression=packing, rows=1).write()
        yield ImageLayout(f"tiff-{name}-rows-of-an-odd-size", data, as_gray(GRAY))


def _tiff_orientations() -> Iterator[ImageLayout]:
    for orientation, tile, bits, separate in product(range(1, 9), (0, 16), (8, 16), (False, True)):
        stored = turned(CAT, orientation).astype(np.uint32) * (257 if bits == 16 else 1)
        data = Tiff(stored, bits=bits, tile=tile, rows=4, separate=separate, orientation=orientation).write()
        yield ImageLayout(f"tiff-{'tiles' if tile else 'strips'}-{bits}-{separate}-turned-{orientation}", data, CAT)


def _tiff_alpha() -> Iterator[ImageLayout]:
    for bits, extra, gray, tile, separate in product((8, 16), (0, 1, 2), (False, True), (0, 16), (False, True)):
        colours = GRAY[..., None] if gray else CAT
        stored = colours
        if extra == 1:
            stored = np.rint(colours * (ALPHA[..., None] / 255)).astype(np.uint8)
        samples = np.dstack([stored, ALPHA]).astype(np.uint32) * (257 if bits == 16 else 1)
        shown = as_gray(GRAY) if gray else CAT
        how = {"photometric": 1 if gray else 2, "tile": tile, "separate": separate, "extra": extra, "rows": 6}
        name = f"tiff-{'gray' if gray else 'rgb'}-extra-{extra}-{bits}{'-tiles' if tile else ''}{'-planes' * separate}"
        expected = shown if extra == 0 else on_white(shown, ALPHA)
        yield ImageLayout(name, Tiff(samples, bits=bits, **how).write(), expected)


def _tiff_jpeg() -> Iterator[ImageLayout]:
    for tile, orientation in product((0, 16), range(1, 9)):
        stored = turned(CAT, orientation)
        how = {"compression": JPEG, "tile": tile, "rows": 16, "orientation": orientation}
        yield ImageLayout(f"tiff-jpeg-{tile}-turned-{orientation}", Tiff(stored, photometric=6, **how).write(), CAT, 8)
