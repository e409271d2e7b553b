"""Image files in every layout that the readers claim, each with the pixels that it should give."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from image_files import encode, exif, photo, png, png_chunk, with_orientation, with_png_chunk, with_segment
from PIL import Image
from tiff_files import DEFLATE, JPEG, LZW, PACKBITS, PLAIN, Tiff

CAT = photo(29, 43)  # odd sides, and no symmetry
ALPHA = np.tile(np.linspace(0, 255, CAT.shape[1]).astype(np.uint8), (CAT.shape[0], 1))
GRAY = np.asarray(Image.fromarray(CAT).convert("L"))
_PACKINGS = {"plain": PLAIN, "lzw": LZW, "deflate": DEFLATE, "packbits": PACKBITS}


class ImageLayout(NamedTuple):
    """A file, and what it should look like."""

    name: str
    data: bytes
    expected: np.ndarray  # (H, W, 3) uint8 RGB
    within: int = 1  # of 255


def layouts() -> Iterator[ImageLayout]:
    yield from _tiff_depths()
    yield from _tiff_packings()
    yield from _tiff_orientations()
    yield from _tiff_alpha()
    yield from _tiff_jpeg()
    yield from _bmp()
    yield from _png()
    yield from _gif()
    yield from _turned()


def on_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    opacity = alpha[..., None] / 255
    return np.rint(colours * opacity + 255 * (1 - opacity)).astype(np.uint8)


def turned(upright: np.ndarray, orientation: int) -> np.ndarray:
    """What a camera stores that was held so: `upright` with the steps back in their opposite order."""
    if orientation in (2, 3, 6, 7):
        upright = upright[:, ::-1]
    if orientation in (3, 4, 7, 8):
        upright = upright[::-1]
    return np.ascontiguousarray(upright.swapaxes(0, 1) if orientation >= 5 else upright)


def _gray(values: np.ndarray) -> np.ndarray:
    return np.dstack([values] * 3)


def _tiff_depths() -> Iterator[ImageLayout]:
    """Each kind of pixels, in both orders of bytes, in TIFF and BigTIFF, in strips and tiles."""
    for order, big, tile, bits in product("<>", (False, True), (0, 16), (1, 2, 4, 8, 16)):
        full = 2**bits - 1
        where = f"tiff{'-big' if big else ''}{'-tiles' if tile else ''}-{order}-{bits}-bit"
        how = {"order": order, "big": big, "tile": tile, "rows": 7, "bits": bits}
        stored = (GRAY.astype(np.uint32) * full // 255)[..., None]
        shown = _gray((stored[..., 0] * 255 // full).astype(np.uint8))
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
        shown = _gray(stored[..., 0] * (255 // (2**bits - 1)))
        data = Tiff(stored, bits=bits, photometric=1, compression=packing, rows=3).write()
        yield ImageLayout(f"tiff-{name}-gray-{bits}-bit", data, shown)
    for name, packing in _PACKINGS.items():
        data = Tiff(GRAY[..., None], photometric=1, compression=packing, rows=1).write()
        yield ImageLayout(f"tiff-{name}-rows-of-an-odd-size", data, _gray(GRAY))


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
        shown = _gray(GRAY) if gray else CAT
        how = {"photometric": 1 if gray else 2, "tile": tile, "separate": separate, "extra": extra, "rows": 6}
        name = f"tiff-{'gray' if gray else 'rgb'}-extra-{extra}-{bits}{'-tiles' if tile else ''}{'-planes' * separate}"
        expected = shown if extra == 0 else on_white(shown, ALPHA)
        yield ImageLayout(name, Tiff(samples, bits=bits, **how).write(), expected)


def _tiff_jpeg() -> Iterator[ImageLayout]:
    for tile, orientation in product((0, 16), range(1, 9)):
        stored = turned(CAT, orientation)
        how = {"compression": JPEG, "tile": tile, "rows": 16, "orientation": orientation}
        yield ImageLayout(f"tiff-jpeg-{tile}-turned-{orientation}", Tiff(stored, photometric=6, **how).write(), CAT, 8)


def _bmp() -> Iterator[ImageLayout]:
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
    for header in (12, 16, 40, 124):
        yield ImageLayout(f"bmp-{header}-24-bit", _true_bmp(header), CAT)


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


def _png() -> Iterator[ImageLayout]:
    for depth, kind in product((1, 2, 4, 8, 16), ("gray", "palette", "rgb", "gray-alpha", "rgba")):
        if (depth < 8 and kind not in ("gray", "palette")) or (depth == 16 and kind == "palette"):
            continue
        yield from _png_of(depth, kind)


def _png_of(depth: int, kind: str) -> Iterator[ImageLayout]:
    full = 2**depth - 1
    codes = {"gray": 0, "rgb": 2, "palette": 3, "gray-alpha": 4, "rgba": 6}
    planes = {
        "gray": GRAY,
        "palette": GRAY,
        "rgb": CAT,
        "gray-alpha": np.dstack([GRAY, ALPHA]),
        "rgba": np.dstack([CAT, ALPHA]),
    }
    stored = planes[kind].reshape(*GRAY.shape, -1).astype(np.uint32) * full // 255
    if depth == 16:
        rows = [b"\0" + line.astype(">u2").tobytes() for line in stored]
    else:
        bits = np.unpackbits(stored.astype(np.uint8)[..., None], axis=3)[..., 8 - depth :]
        rows = [b"\0" + line.tobytes() for line in np.packbits(bits.reshape(len(GRAY), -1), axis=1)]
    before = []
    shown = (stored * 255 // full).astype(np.uint8)
    if kind == "palette":
        palette = np.random.default_rng(depth).integers(0, 256, (full + 1, 3), dtype=np.uint8)
        before, shown = [png_chunk(b"PLTE", palette.tobytes())], palette[stored[..., 0]]
    elif kind == "gray":
        shown = _gray(shown[..., 0])
    elif kind == "gray-alpha":
        shown = on_white(_gray(shown[..., 0]), shown[..., 1])
    elif kind == "rgba":
        shown = on_white(shown[..., :3], shown[..., 3])
    data = png(CAT.shape[1], CAT.shape[0], depth, codes[kind], b"".join(rows), *before)
    yield ImageLayout(f"png-{kind}-{depth}-bit", data, shown)
    if kind == "palette":
        opacity = np.linspace(0, 255, full + 1).astype(np.uint8)
        data = png(CAT.shape[1], CAT.shape[0], depth, 3, b"".join(rows), *before, png_chunk(b"tRNS", opacity.tobytes()))
        yield ImageLayout(f"png-palette-{depth}-bit-transparent", data, on_white(shown, opacity[stored[..., 0]]))


def _gif() -> Iterator[ImageLayout]:
    palette = Image.fromarray(CAT).quantize(32)
    shown, other = np.asarray(palette.convert("RGB")), Image.fromarray(255 - CAT).quantize(32)
    hidden = palette.getpixel((0, 0))
    holes = shown.copy()
    holes[np.asarray(palette) == hidden] = 255
    yield ImageLayout("gif", encode(palette, "GIF"), shown)
    yield ImageLayout("gif-interlaced", encode(palette, "GIF", interlace=True), shown)
    yield ImageLayout("gif-transparent", encode(palette, "GIF", transparency=hidden), holes)
    for disposal in (0, 1, 2):
        data = encode(palette, "GIF", save_all=True, append_images=[other], disposal=disposal, loop=0)
        yield ImageLayout(f"gif-animated-{disposal}", data, shown)
    single = encode(palette, "GIF", transparency=hidden)
    descriptor = b"," + struct.pack("<HHHHBB", 0, 0, *CAT.shape[1::-1], 0, 2)
    opaque = single[:-1] + descriptor + b"\x02\x4c\x01\0"  # a second frame, without a control extension
    yield ImageLayout("gif-transparent-then-opaque-and-damaged", opaque, holes)
    yield ImageLayout("gif-without-trailer", single[:-1], holes)
    yield ImageLayout("gif-background-outside", single[:11] + b"\xff" + single[12:], holes)
    at = single.index(b"," + bytes(4))
    moved = single[:6] + struct.pack("<HH", 60, 40) + single[10 : at + 1] + struct.pack("<HH", 5, 3) + single[at + 5 :]
    canvas = np.full((40, 60, 3), 255, np.uint8)
    canvas[3 : 3 + CAT.shape[0], 5 : 5 + CAT.shape[1]] = holes
    yield ImageLayout("gif-smaller-than-its-canvas", moved, canvas)


def _turned() -> Iterator[ImageLayout]:
    """The orientation, wherever it may stand, in formats that are told upright elsewhere."""
    for orientation in range(1, 9):
        stored = turned(CAT, orientation)
        plain, rgba = encode(stored, "PNG"), encode(turned(np.dstack([CAT, ALPHA]), orientation), "PNG")
        yield ImageLayout(f"png-exif-{orientation}", with_png_chunk(plain, b"eXIf", exif(orientation)), CAT)
        yield ImageLayout(
            f"png-alpha-exif-{orientation}", with_png_chunk(rgba, b"eXIf", exif(orientation)), on_white(CAT, ALPHA)
        )
        profile = (b"Exif\0\0" + exif(orientation)).hex().encode()
        text = b"Raw profile type exif\0\nexif\n      %d\n%s\n" % (len(profile) // 2, profile)
        yield ImageLayout(f"png-raw-profile-{orientation}", with_png_chunk(plain, b"tEXt", text), CAT)
        xmp = b'<rdf:Description tiff:Orientation="%d"/>' % orientation
        data = with_png_chunk(plain, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
        yield ImageLayout(f"png-xmp-{orientation}", data, CAT)
        tag = Image.Exif()
        tag[0x0112] = orientation
        yield ImageLayout(f"webp-exif-{orientation}", encode(stored, "WEBP", lossless=True, exif=tag), CAT)
        yield ImageLayout(f"webp-xmp-{orientation}", encode(stored, "WEBP", lossless=True, xmp=xmp), CAT)
        yield from _turned_jpeg(orientation, stored, xmp)
        avif = encode(stored, "AVIF", quality=100, subsampling="4:4:4", exif=tag)
        yield ImageLayout(f"avif-{orientation}", avif, CAT, 12)


def _turned_jpeg(orientation: int, stored: np.ndarray, xmp: bytes) -> Iterator[ImageLayout]:
    jpeg = encode(stored, "JPEG", quality=100, subsampling=0)
    for order in "<>":
        yield ImageLayout(f"jpeg-exif-{order}-{orientation}", with_orientation(jpeg, orientation, order), CAT, 8)
        mark = b"II*\0" if order == "<" else b"MM\0*"
        long = mark + struct.pack(order + "IHHHIII", 8, 1, 0x0112, 4, 1, orientation, 0)
        yield ImageLayout(f"jpeg-exif-long-{order}-{orientation}", with_segment(jpeg, 0xE1, b"Exif\0\0" + long), CAT, 8)
    first = with_orientation(with_orientation(jpeg, orientation % 8 + 1), orientation)
    yield ImageLayout(f"jpeg-first-of-two-exif-{orientation}", first, CAT, 8)
    data = with_segment(jpeg, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)
    yield ImageLayout(f"jpeg-xmp-{orientation}", data, CAT, 8)
