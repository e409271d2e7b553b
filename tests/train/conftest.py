from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

COLOURS = {"blue": (20, 40, 220), "green": (30, 200, 40), "red": (230, 30, 20)}


def write_colour_images(folder: Path, count: int, seed: int = 0) -> None:
    """Class folders of noisy one-colour PNG images, 12 x 16 pixels."""
    generator = np.random.default_rng(seed)
    for label, colour in COLOURS.items():
        (folder / label).mkdir(parents=True)
        for index in range(count):
            image = np.clip(np.array(colour) + generator.normal(0, 40, (12, 16, 3)), 0, 255).astype(np.uint8)
            (folder / label / f"{index:03}.png").write_bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())


@pytest.fixture
def colour_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "colours"
    write_colour_images(folder, 20)
    return folder


@pytest.fixture
def write_colours() -> Callable[..., None]:
    return write_colour_images
