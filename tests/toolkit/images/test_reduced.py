from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from skimage import data

import cnnkit
from cnnkit.cli import main
from cnnkit.images import decode_image
from cnnkit.images.reduced import reduction
from cnnkit.spec import InputSpec

SQUARE = InputSpec(32, 32, 3)
WIDE = InputSpec(16, 64, 3)


@pytest.mark.parametrize(
    ("size", "orientation", "taken", "factor"),
    [
        ((4000, 3000), 1, SQUARE, 8),
        ((512, 512), 1, SQUARE, 8),
        ((511, 512), 1, SQUARE, 4),
        ((256, 4000), 1, SQUARE, 4),
        ((128, 128), 1, SQUARE, 2),
        ((127, 128), 1, SQUARE, 1),
        ((1, 1), 1, SQUARE, 1),
        ((256, 4000), 1, replace(SQUARE, resize="crop"), 4),
        ((256, 4000), 1, replace(SQUARE, resize="pad"), 8),
        ((4032, 3024), 1, replace(SQUARE, resize="crop"), 8),
        ((4000, 3000), 1, replace(SQUARE, resize="crop"), 4),
        ((3000, 4000), 6, replace(SQUARE, resize="crop"), 4),
        ((4001, 3001), 1, replace(SQUARE, resize="crop"), 2),
        ((4001, 3001), 1, replace(SQUARE, height=224, width=224, resize="crop"), 1),
        ((4032, 3024), 1, replace(SQUARE, height=224, width=224, resize="crop"), 4),
        ((1024, 256), 1, WIDE, 8),
        ((256, 1024), 1, WIDE, 2),
        ((256, 1024), 6, WIDE, 8),
        ((4000, 3000), 1, replace(SQUARE, interpolation="linear"), 1),
        ((4000, 3000), 1, replace(SQUARE, interpolation="cubic"), 1),
    ],
)
def test_at_least_twice_the_input_remains(size, orientation, taken, factor):
    assert reduction(*size, orientation, taken) == factor


def enlarged(photo, size, quality=92):
    """A photo as a camera of so many pixels would write it."""
    image = cv2.resize(photo[..., ::-1], size, interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def test_pixels_are_those_of_the_whole_averaged():
    photo = enlarged(data.astronaut(), (1600, 1200))
    whole = decode_image(photo, "photo").pixels
    small = decode_image(photo, "photo", taken=(SQUARE,)).pixels
    assert (whole.shape, small.shape) == ((1200, 1600, 3), (150, 200, 3))
    expected = cv2.resize(whole, (200, 150), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 2


def test_other_formats_are_decoded_in_full():
    image = cv2.imencode(".png", np.zeros((600, 800, 3), np.uint8))[1].tobytes()
    assert decode_image(image, "image", taken=(SQUARE,)).pixels.shape == (600, 800, 3)


PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field")


@pytest.mark.parametrize("name", PHOTOS)
def test_answers_hardly_change(name, tmp_path):
    path = tmp_path / f"{name}.jpg"
    path.write_bytes(enlarged(getattr(data, name)(), (4000, 3000)))
    rows = {}
    for flags in ((), ("--exact",)):
        done = CliRunner().invoke(main, ["predict", str(path), "--format", "json", "--top-k", "10", *flags])
        assert done.exit_code == 0
        (row,) = json.loads(done.stdout)
        rows[flags] = {one["label"]: one["probability"] for one in row["top"]}
    reduced, exact = rows.values()
    assert max(reduced, key=reduced.get) == max(exact, key=exact.get)
    assert max(abs(reduced[label] - exact[label]) for label in exact) < 0.06
    assert cnnkit.load().predict(path).confidence == pytest.approx(max(reduced.values()), abs=1e-6)
