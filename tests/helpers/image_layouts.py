"""Image files in every layout that the readers claim, each with the pixels that it should give."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import product

import numpy as np
from bmp_layouts import bmp_layouts
from image_files import encode, exif, png, png_chunk, with_orientation, with_png_chunk, with_segment
from layout_pictures import ALPHA, CAT, GRAY, ImageLayout, as_gray, on_white, turned
from PIL import Image
from tiff_layouts import tiff_layouts


def layouts() -> Iterator[ImageLayout]:
    yield from tiff_layouts()
    yield from bmp_layouts()
    yield from _png()
    yield from _gif()
    yield from _jpeg_2000()
    yield from _turned()


def _jpeg_2000() -> Iterator[ImageLayout]:
    """Lossless, in boxes and as the bare code stream; Pillow does not write all of their depths."""
    deep = GRAY.astype(np.uint16) * 257
    for bare in (False, True):
        where = f"jpeg2000{'-bare' * bare}"
        yield ImageLayout(f"{where}-gray", encode(GRAY, "JPEG2000", no_jp2=bare), as_gray(GRAY))
        yield ImageLayout(f"{where}-gray-16-bit", encode(deep, "JPEG2000", no_jp2=bare), as_gray(GRAY))
        yield ImageLayout(f"{where}-rgb", encode(CAT, "JPEG2000", no_jp2=bare), CAT)
        yield ImageLayout(
            f"{where}-rgba", encode(np.dstack([CAT, ALPHA]), "JPEG2000", no_jp2=bare), on_white(CAT, ALPHA)
        )
    tiled = encode(GRAY, "JPEG2000", no_jp2=True, tile_size=(16, 16))
    yield ImageLayout("jpeg2000-bare-gray-tiles", tiled, as_gray(GRAY))
    ycc = Image.fromarray(CAT).convert("YCbCr")
    yield ImageLayout("jpeg2000-ycc", encode(ycc, "JPEG2000"), np.asarray(ycc.convert("RGB")), 2)


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
        shown = as_gray(shown[..., 0])
    elif kind == "gray-alpha":
        shown = on_white(as_gray(shown[..., 0]), shown[..., 1])
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
    control = single.index(b"\x21\xf9\x04") + 3
    unknown = single[:control] + bytes([single[control] | 0x1C]) + single[control + 1 :]
    yield ImageLayout("gif-unknown-disposal", unknown, holes)
    small = single[:6] + struct.pack("<HH", 8, 5) + single[10:]
    yield ImageLayout("gif-larger-than-its-canvas", small, holes)
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
