"""Damages image files in random ways and counts what is decoded to another picture with nothing said.

    python tests/scripts/measure_damage.py              # 1,000 files of each format, about 5 minutes

A file counts as silent where it gives a picture that differs by more than 2 of 255 on average from that of the whole
file, and neither an error nor a word about its damage.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator

import click
import numpy as np
from PIL import Image

from cnnkit.errors import ImageError
from cnnkit.images import decode_image, listening_to_codecs

LIMIT = 2.0  # of 255, on average
SIZES = ((320, 240), (501, 333), (1024, 683))
TIFFS = {"LZW": "tiff_lzw", "Deflate": "tiff_adobe_deflate", "PackBits": "packbits", "JPEG": "jpeg", "G4": "group4"}
KINDS = {
    "JPEG": [("JPEG", {}), ("JPEG", {"progressive": True}), ("JPEG", {"restart_marker_blocks": 8, "quality": 90})],
    "PNG": [("PNG", {})],
    "GIF": [("GIF", {})],
    "WebP": [("WEBP", {}), ("WEBP", {"quality": 95}), ("WEBP", {"lossless": True})],
    "BMP": [("BMP", {})],
    "TIFF, packed": [("TIFF", {"compression": name}) for name in TIFFS.values()],
    "TIFF, plain": [("TIFF", {})],
}


def whole_files(name: str) -> list[bytes]:
    """Returns good files of a format: photographs in several sizes, in each of its kinds."""
    from skimage.data import astronaut, chelsea, coffee

    files = []
    for size, photo in zip(SIZES, (chelsea(), coffee(), astronaut()), strict=True):
        image = Image.fromarray(photo).resize(size, Image.Resampling.BOX)
        for kind, options in KINDS[name]:
            fax = options.get("compression") == "group4"
            buffer = io.BytesIO()
            (image.convert("1") if fax else image).save(buffer, kind, **options)
            files.append(buffer.getvalue())
    return files


def damaged(data: bytes, rng: np.random.Generator) -> tuple[str, bytes]:
    """Returns what was done to a file, and the file."""
    changed = bytearray(data)
    start = int(rng.integers(len(data)))
    size = int(min(len(data) - start, rng.choice([1, 16, 64, 512, 4096]) * rng.integers(1, 4)))
    piece = data[start : start + size]
    kind = ("bits", "noise", "zeros", "zero tail", "cut", "removed", "doubled")[rng.integers(7)]
    if kind == "bits":
        for at in rng.integers(0, len(data), rng.integers(1, 10)):
            changed[at] ^= 1 << int(rng.integers(8))
    elif kind in ("noise", "zeros"):
        changed[start : start + size] = rng.bytes(size) if kind == "noise" else bytes(size)
    elif kind == "zero tail":
        changed[start:] = bytes(len(data) - start)
    elif kind == "cut":
        del changed[start:]
    else:
        changed[start : start + size] = b"" if kind == "removed" else piece + piece
    return kind, bytes(changed)


def silent(data: bytes, whole: np.ndarray) -> bool:
    """Whether a file gives another picture and nothing is said."""
    try:
        image = decode_image(data, "photo", max_pixels=10_000_000)
    except ImageError:
        return False
    if image.damage is not None or image.warnings:
        return False
    if image.pixels.shape != whole.shape:
        return True
    return float(np.abs(image.pixels.astype(int) - whole).mean()) > LIMIT


def measure(name: str, count: int, seed: int) -> dict[str, object]:
    """Damages `count` files of a format."""
    rng = np.random.default_rng(seed)
    files = whole_files(name)
    pictures = [decode_image(data, "photo").pixels for data in files]
    kinds: dict[str, int] = {}
    for index in range(count):
        kind, data = damaged(files[index % len(files)], rng)
        if silent(data, pictures[index % len(files)]):
            kinds[kind] = kinds.get(kind, 0) + 1
    return {"format": name, "n": count, "silent": sum(kinds.values()), "kinds": kinds}


def results(count: int, seed: int, names: list[str]) -> Iterator[dict[str, object]]:
    """Measures one format after the other."""
    with listening_to_codecs():
        for name in names:
            yield measure(name, count, seed)


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(KINDS), help="formats")
    parser.add_argument("--count", type=int, default=1000, help="of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    found = []
    for result in results(arguments.count, arguments.seed, arguments.names):
        share = 100 * int(str(result["silent"])) / arguments.count
        click.echo(f"{result['format']:14} {share:5.1f} % of {arguments.count:,} silent: {result['kinds']}")
        found.append(result)
    if arguments.json:
        click.echo(json.dumps({"formats": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
