"""Where an image lies in a model's input is where `resize_image` puts it."""

from __future__ import annotations

import numpy as np
import pytest

from cnnkit.images import Placement, Window, place_image, resize_image
from cnnkit.spec import InputSpec


@pytest.mark.parametrize(
    ("resize", "size", "expected"),
    [
        pytest.param("squash", (30, 60), (Window(0, 0, 30, 60), Window(0, 0, 12, 16)), id="squash"),
        pytest.param("crop", (30, 60), (Window(0, 10, 30, 40), Window(0, 0, 12, 16)), id="crop a wide one"),
        pytest.param("crop", (60, 40), (Window(15, 0, 30, 40), Window(0, 0, 12, 16)), id="crop a tall one"),
        pytest.param("pad", (30, 60), (Window(0, 0, 30, 60), Window(2, 0, 8, 16)), id="pad a wide one"),
        pytest.param("pad", (60, 20), (Window(0, 0, 60, 20), Window(0, 6, 12, 4)), id="pad a tall one"),
        pytest.param("pad", (1, 300), (Window(0, 0, 1, 300), Window(5, 0, 1, 16)), id="pad a line"),
    ],
)
def test_places(resize: str, size: tuple[int, int], expected: Placement) -> None:
    spec = InputSpec(12, 16, 3, resize=resize)
    placement = place_image(*size, spec)
    assert placement == expected
    # A photo that is white where it is seen, and grey beside that, is white where it lies, and black beside that.
    photo = np.full((*size, 3), 90, np.uint8)
    photo[placement.seen.slices] = 255
    wanted = np.zeros((12, 16, 3), np.uint8)
    wanted[placement.lies.slices] = 255
    assert (resize_image(photo, spec) == wanted).all()
