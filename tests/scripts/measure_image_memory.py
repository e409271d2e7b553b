"""Decodes the largest image that --max-pixels allows, of every format, and measures the memory that it takes.

    python tests/scripts/measure_image_memory.py              # 20 files, each in a process of its own; about 5 minutes

The peak is that of the process, less what it had before; the file itself, which is in memory too, is counted with it.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import click

from cnnkit.images import DEFAULT_MAX_PIXELS

HALVED = ("PNG, 16-bit RGBA", "AVIF", "JPEG 2000", "TIFF, one strip")  # of which half as many pixels are allowed
SIDE = int(DEFAULT_MAX_PIXELS**0.5)
KIB = 1024  # in which Linux gives the peak


def png(depth: int, colour_type: int, samples: int, *before: bytes) -> bytes:
    """Returns a PNG of one colour, written row by row."""
    from image_files import png_chunk

    packer = zlib.compressobj(1)
    row = b"\0" + bytes(range(7)) * (SIDE * samples * depth // 56 + 1)
    row = row[: 1 + SIDE * samples * depth // 8]
    data = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()
    header = SIDE.to_bytes(4, "big") * 2 + bytes([depth, colour_type, 0, 0, 0])
    chunks = (png_chunk(b"IHDR", header), *before, png_chunk(b"IDAT", data), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def by_pillow(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """Returns a file of a slope, written by Pillow."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    slope = Image.linear_gradient("L").resize((SIDE, SIDE), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    (slope if mode == "L" else Image.merge(mode, [slope] * len(mode))).save(buffer, kind, **options)
    return buffer.getvalue()


def palette_png(*, transparent: bool) -> bytes:
    """Returns a PNG with a palette."""
    from image_files import png_chunk

    palette = png_chunk(b"PLTE", bytes(range(256)) * 3)
    return png(8, 3, 1, palette, *([png_chunk(b"tRNS", bytes(range(256)))] if transparent else []))


FILES: dict[str, Callable[[], bytes]] = {
    "PNG, palette": lambda: palette_png(transparent=False),
    "PNG, palette, transparent": lambda: palette_png(transparent=True),
    "PNG, RGB": lambda: png(8, 2, 3),
    "PNG, RGBA": lambda: png(8, 6, 4),
    "PNG, 16-bit gray": lambda: png(16, 0, 1),
    "PNG, 16-bit RGBA": lambda: png(16, 6, 4),
    "JPEG": lambda: by_pillow("JPEG"),
    "JPEG, progressive": lambda: by_pillow("JPEG", progressive=True),
    "WebP": lambda: by_pillow("WEBP", method=0),
    "BMP": lambda: by_pillow("BMP"),
    "BMP, palette": lambda: by_pillow("BMP", "L"),
    "GIF": lambda: by_pillow("GIF", "L"),
    "TIFF": lambda: by_pillow("TIFF"),
    "TIFF, LZW": lambda: by_pillow("TIFF", compression="tiff_lzw"),
    "TIFF, Deflate": lambda: by_pillow("TIFF", compression="tiff_adobe_deflate"),
    "TIFF, RGBA": lambda: by_pillow("TIFF", "RGBA"),
    "TIFF, one strip": lambda: by_pillow("TIFF", compression="tiff_lzw", tiffinfo={278: SIDE}),
    "AVIF": lambda: by_pillow("AVIF", speed=10),
    "JPEG 2000": lambda: by_pillow("JPEG2000"),
}


def side(name: str) -> int:
    """Returns the pixels of a side of the largest square that is decoded."""
    return int((DEFAULT_MAX_PIXELS // (2 if name in HALVED else 1)) ** 0.5)


def peak(path: str) -> float:
    """Returns the peak of decoding a file in this process, in bytes above what there was before."""
    from image_files import encode, photo

    from cnnkit.errors import ImageError
    from cnnkit.images import decode_image, read_image

    decode_image(encode(photo(), "PNG"), "small")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        read_image(path)
    except ImageError as error:
        click.echo(str(error), err=True)
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * KIB


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="of files; else all")
    parser.add_argument("--one", help="measure this file in this process")
    parser.add_argument("--write", nargs=2, help="write the file of this name there")
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    if arguments.write:
        global SIDE
        SIDE = side(arguments.write[0])
        Path(arguments.write[1]).write_bytes(FILES[arguments.write[0]]())
        return 0
    if arguments.one:
        click.echo(json.dumps(peak(arguments.one)))
        return 0
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names or FILES:
            path = Path(folder) / "image"
            subprocess.run([sys.executable, __file__, "--write", name, str(path)], check=True)
            done = subprocess.run([sys.executable, __file__, "--one", str(path)], check=True, capture_output=True)
            found[name] = json.loads(done.stdout)
            pixels, said = side(name) ** 2, done.stderr.decode().strip()
            click.echo(f"{name:28} {found[name] / 1e9:5.2f} GB, {found[name] / pixels:4.1f} bytes a pixel {said}")
    if arguments.json:
        click.echo(json.dumps({"pixels": DEFAULT_MAX_PIXELS, "peaks": found}))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
    sys.exit(main())
