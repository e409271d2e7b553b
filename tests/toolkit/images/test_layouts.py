from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from image_layouts import layouts
from layout_pictures import ImageLayout

from cnnkit.images import decode_image

KINDS = ("avif", "bmp", "gif", "jpeg", "jpeg2000", "png", "tiff", "webp")


@cache
def by_kind() -> dict[str, list[ImageLayout]]:
    found: dict[str, list[ImageLayout]] = {kind: [] for kind in KINDS}
    for layout in layouts():
        found[layout.name.split("-")[0]].append(layout)
    return found


def test_there_are_many_of_them() -> None:
    names = [layout.name for found in by_kind().values() for layout in found]
    assert len(names) == len(set(names)) >= 600


@pytest.mark.parametrize("kind", KINDS)
def test_every_layout_gives_the_pixels_that_were_written(kind: str) -> None:
    wrong = []
    for layout in by_kind()[kind]:
        image = decode_image(layout.data, layout.name)
        assert image.pixels.flags.c_contiguous and image.pixels.dtype == np.uint8
        same = image.pixels.shape == layout.expected.shape
        if not same or np.abs(image.pixels.astype(int) - layout.expected).max() > layout.within:
            wrong.append(layout.name)
        assert (image.warnings, image.damage) == ((), None), layout.name
    assert wrong == []
