from __future__ import annotations

import numpy as np
import pytest

from cnnkit.runtime import parts
from cnnkit.runtime.parts import answer_in_parts


@pytest.mark.parametrize(
    ("side", "images", "keeps", "sizes"),
    [
        (32, 1000, False, [1000]), (224, 20, False, [20]), (224, 50, False, [20, 20, 10]), (2000, 2, False, [1, 1]),
        (224, 12, True, [5, 5, 2]),
    ],
)  # fmt: skip
def test_large_images_go_through_in_parts(side, images, keeps, sizes):
    asked = []

    def answer(part):
        asked.append(len(part))
        return part[:, 0, 0, :2].astype(np.float32)

    given = np.zeros((images, side, side, 3), np.uint8)
    given[:, 0, 0, 0] = np.arange(images) % 256
    answers = answer_in_parts(answer, given, keeps_activations=keeps)
    assert asked == sizes
    assert answers[:, 0].tolist() == (np.arange(images) % 256).tolist()


def test_a_model_answers_in_parts_what_it_answers_at_once(tiny_model, monkeypatch):
    from cnnkit.runtime.onnx import OnnxClassifier

    model = OnnxClassifier(tiny_model)
    taken = model.spec.input
    images = np.random.default_rng(0).integers(0, 256, (9, taken.height, taken.width, taken.channels), np.uint8)
    whole = model.probabilities(images)
    monkeypatch.setattr(parts, "_PIXELS", 2 * taken.height * taken.width)
    np.testing.assert_allclose(model.probabilities(images), whole, atol=1e-6)
