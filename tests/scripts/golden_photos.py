"""Writes the golden images of the bundled model: squares of CC0 photographs in scikit-image's data, and generated ones.

    python tests/scripts/golden_photos.py golden
    cnnkit export RUN -o best.onnx --golden golden

The photographs are by Stéfan van der Walt (chelsea), Rachel Michetti (coffee), Lav Varshney (camera), SpaceX (rocket);
the textures (brick, grass, gravel) are from cc0textures.com and linolafett. All are CC0, as scikit-image documents.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from cnnkit.export.samples import generated_images
from cnnkit.spec import InputSpec

SIDE = 32  # pixels, of the bundled model: what is written needs no more resizing
GENERATED = 4
# Photograph -> squares of it: top and left corner and side, as fractions of the height.
SQUARES = {
    "chelsea": ((0.0, 0.25, 1.0), (0.0, 0.1, 0.8), (0.1, 0.55, 0.7)),
    "coffee": ((0.0, 0.25, 1.0), (0.2, 0.5, 0.6)),
    "camera": ((0.0, 0.0, 1.0), (0.1, 0.2, 0.5)),
    "rocket": ((0.0, 0.25, 1.0), (0.3, 0.2, 0.6)),
    "brick": ((0.0, 0.0, 1.0),),
    "grass": ((0.0, 0.0, 0.5),),
    "gravel": ((0.0, 0.0, 0.5),),
}


def photographs() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Gives the squares: a name and (SIDE, SIDE, 3) uint8 RGB."""
    for name, squares in SQUARES.items():
        photo = getattr(skimage.data, name)()
        photo = photo if photo.ndim == 3 else np.repeat(photo[..., None], 3, axis=2)
        for number, (top, left, side) in enumerate(squares):
            y, x, pixels = (round(len(photo) * part) for part in (top, left, side))
            square = np.ascontiguousarray(photo[y : y + pixels, x : x + pixels])
            yield f"{name}-{number}", cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    drawn = generated_images(GENERATED, InputSpec(SIDE, SIDE, 3, "rgb"), seed=0)
    for name, image in [*photographs(), *((f"generated-{index}", image) for index, image in enumerate(drawn))]:
        cv2.imwrite(os.fspath(folder / f"{name}.png"), image[..., ::-1])


if __name__ == "__main__":
    main()
