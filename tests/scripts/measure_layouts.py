"""Decodes an image file of every layout that the readers claim, and compares it with the pixels that it was made of.

python tests/scripts/measure_layouts.py              # a few seconds
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import click
import numpy as np

from cnnkit.errors import ImageError
from cnnkit.images import decode_image

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from image_layouts import layouts
from layout_pictures import ImageLayout


def is_equal(layout: ImageLayout) -> bool:
    """Whether every value is within 1 of 255, or for packings that lose something within what they lose."""
    try:
        pixels = decode_image(layout.data, layout.name).pixels
    except ImageError as error:
        click.echo(str(error))
        return False
    same = pixels.shape == layout.expected.shape
    return same and int(np.abs(pixels.astype(int) - layout.expected).max()) <= layout.within


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    number, equal = Counter[str](), Counter[str]()
    for layout in layouts():
        kind = layout.name.split("-")[0]
        number[kind] += 1
        equal[kind] += is_equal(layout)
    for kind, count in number.items():
        click.echo(f"{kind:5} {equal[kind]:4} of {count:4} equal")
    if arguments.json:
        click.echo(json.dumps({"layouts": number.total(), "equal": equal.total()}))
    return int(number != equal)


if __name__ == "__main__":
    sys.exit(main())
