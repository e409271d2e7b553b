"""The ImageNet classifier of the package index: what it says of photos, and its labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage import data

from cnnkit.errors import UsageError
from cnnkit.images import prepare_batch, resize_image
from cnnkit.runtime.pretrained.imagenet import imagenet_input, imagenet_labels, is_imagenet, load_imagenet

NAME = Path("efficientnet_lite0")


def test_it_knows_what_stands_on_the_desk() -> None:
    taken, model = imagenet_input(NAME, None), load_imagenet(NAME)
    photos = [resize_image(photo, taken) for photo in (data.cat(), data.coffee(), data.rocket())]
    answers = model.predict_on_batch(prepare_batch(np.stack(photos), taken))
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    likely = [{imagenet_labels()[index] for index in np.argsort(-answer)[:5]} for answer in answers]
    for right, found in zip(("Egyptian cat", "espresso", "missile"), likely, strict=True):
        assert right in found


def test_labels_are_a_thousand_different_names() -> None:
    labels = imagenet_labels()
    assert len(labels) == len(set(labels)) == 1000
    assert (labels[0], labels[281], labels[999]) == ("tench", "tabby", "toilet tissue")
    assert [label for label in labels if label.startswith(("crane", "maillot"))] == [
        "crane (bird)",
        "crane (machine)",
        "maillot (swimsuit)",
        "maillot (tank suit)",
    ]
    assert all(label == label.strip() and label.isprintable() for label in labels)


def test_its_input() -> None:
    taken = imagenet_input(Path("efficientnet_lite2"), (260, 260))
    assert (taken.height, taken.width, taken.color, taken.resize) == (260, 260, "rgb", "crop")
    pixels = np.array([0, 127, 255], np.uint8).repeat(260 * 260).reshape(1, 260, 260, 3, order="F")
    assert prepare_batch(pixels, taken)[0, 0, 0] == pytest.approx([-127 / 128, 0, 1])
    with pytest.raises(UsageError, match="--size does not fit efficientnet_lite0, which takes 224x224"):
        imagenet_input(NAME, (240, 240))


def test_a_file_of_that_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_imagenet(NAME) and not is_imagenet(Path("efficientnet_lite0.keras"))
    (tmp_path / NAME).mkdir()
    assert not is_imagenet(NAME)
