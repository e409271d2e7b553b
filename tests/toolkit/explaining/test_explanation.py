"""Maps of networks that look at one corner lie in that corner, by every method, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corner_models import CORNERS, bright_corners, corner_keras, corner_slices, corner_spec, save_corner_onnx

from cnnkit.errors import ModelError, UsageError
from cnnkit.explaining import ExplainOptions, Explanation, Network, explain_image, planned_evaluations
from cnnkit.images import Window
from cnnkit.runtime import KerasClassifier, OnnxClassifier

SIZES = [pytest.param(32, 32, id="32"), pytest.param(224, 224, id="224"), pytest.param(48, 96, id="48x96")]


@pytest.fixture
def onnx_network(tmp_path: Path) -> Callable[..., Network]:
    def make(corner: str, height: int = 32, width: int = 32, classes: int = 2, **options: bool) -> Network:
        spec = corner_spec(height, width, classes)
        return Network(
            OnnxClassifier(save_corner_onnx(tmp_path / "corner.onnx", corner, spec, **options)).probabilities
        )

    return make


@pytest.fixture(scope="module")
def keras_network() -> Callable[..., Network]:
    def make(corner: str, height: int = 32, width: int = 32, head: str = "pooled") -> Network:
        spec = corner_spec(height, width, dtype="float32")
        classifier = KerasClassifier(Path("corner.keras"), spec, model=corner_keras(corner, height, width, head=head))
        return Network(classifier.probabilities, classifier.activation)

    return make


def share_in(found: Explanation, corner: str) -> float:
    """The share of the heat in the quadrant of a corner."""
    height, width = found.heat.shape
    return float(found.heat[corner_slices(corner, height, width, share=2)].sum() / found.heat.sum())


def centre_of(part: Window) -> tuple[float, float]:
    return part.top + part.height / 2, part.left + part.width / 2


def check_corner(network: Network, corner: str, height: int, width: int, options: ExplainOptions) -> None:
    image = bright_corners(height, width)
    found = explain_image(network, image, 0, options)
    assert (found.heat.shape, found.heat.dtype) == ((height, width), np.float32)
    assert found.heat.min() >= 0 and found.heat.max() == 1
    assert share_in(found, corner) > 0.8
    assert max(share_in(found, other) for other in CORNERS if other != corner) < 0.1
    assert found.part is not None and found.without is not None and found.covered is not None
    rows, columns = corner_slices(corner, height, width, share=2)
    down, right = centre_of(found.part)
    assert rows.start <= down < rows.stop and columns.start <= right < columns.stop
    assert found.part.height * found.part.width <= height * width / 4
    # Without it the network sees the image's mean colour in its corner, which is dark; beside it nothing changed.
    assert network.probabilities(image[None])[0, 0] > 0.9 > 0.1 > found.without[0]
    beside = np.ones((height, width), bool)
    beside[found.part.slices] = False
    assert (found.covered[beside] == image[beside]).all()


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("method", ["occlusion", "masks"])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_an_onnx_network(onnx_network, corner, method, height, width) -> None:
    options = ExplainOptions(method=method, masks=400)
    check_corner(onnx_network(corner, height, width), corner, height, width, options)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("head", ["pooled", "nested", "flat", "logits"])
def test_the_feature_map_of_a_keras_network(keras_network, corner, head) -> None:
    check_corner(keras_network(corner, head=head), corner, 32, 32, ExplainOptions(method="activation"))


@pytest.mark.parametrize("method", ["occlusion", "masks"])
def test_a_keras_network_without_its_feature_map(keras_network, method) -> None:
    check_corner(keras_network("top right"), "top right", 32, 32, ExplainOptions(method=method, masks=400))


def test_one_of_a_thousand_classes(onnx_network) -> None:
    check_corner(onnx_network("bottom left", classes=1000), "bottom left", 32, 32, ExplainOptions())


@pytest.mark.parametrize(
    ("side", "head", "method", "evaluations"),
    [
        pytest.param(32, "pooled", "masks", 501, id="small"),
        pytest.param(96, "pooled", "activation", 1, id="large"),
        pytest.param(96, "blind", "occlusion", 107, id="large, without a map"),
    ],
)
def test_the_method_that_is_taken_by_itself(keras_network, side, head, method, evaluations) -> None:
    found = explain_image(keras_network("top left", side, side, head), bright_corners(side, side), 0, ExplainOptions())
    assert (found.method, found.evaluations) == (method, evaluations)


def test_what_speaks_against_a_class_is_no_part_of_it(onnx_network) -> None:
    """What makes the network say "bright" speaks against "dark", of which then nothing is to be seen."""
    found = explain_image(onnx_network("top left"), bright_corners(), 1, ExplainOptions())
    assert (found.heat.max(), found.part, found.without, found.covered) == (0, None, None, None)


def test_an_even_image_has_no_part_that_carries_its_answer(onnx_network) -> None:
    even = np.full((32, 32, 3), 200, np.uint8)
    for method in ("occlusion", "masks"):
        assert explain_image(onnx_network("top left"), even, 0, ExplainOptions(method=method, masks=50)).part is None


def test_padding_is_never_a_part(onnx_network) -> None:
    """The network looks at a corner of which the lower half is padding: what is black anyway carries nothing."""
    photo = Window(4, 0, 24, 32)
    image = bright_corners()
    image[:4] = image[28:] = 0
    found = explain_image(onnx_network("top left"), image, 0, ExplainOptions(), photo=photo)
    assert found.part is not None and found.part.top >= 4 and found.heat[:4].max() == found.heat[28:].max() == 0
    # The mean colour is that of the photo, not darkened by the padding.
    assert found.covered is not None
    assert (found.covered[found.part.slices] == image[photo.slices].reshape(-1, 3).mean(axis=0).round()).all()


def test_masks_depend_on_their_seed_alone(onnx_network) -> None:
    network, image = onnx_network("top left"), bright_corners()
    options = ExplainOptions(method="masks", masks=100, seed=3)
    first, second, third = (
        explain_image(network, image, 0, each)
        for each in (options, replace(options, batch_size=7), replace(options, seed=4))
    )
    np.testing.assert_allclose(first.heat, second.heat, atol=1e-5)
    assert np.abs(first.heat - third.heat).max() > 0.01


@pytest.mark.parametrize(
    ("options", "height", "width"),
    [
        pytest.param(ExplainOptions(), 96, 96, id="large"),
        pytest.param(ExplainOptions(), 32, 32, id="small"),
        pytest.param(ExplainOptions(method="occlusion", batch_size=1), 32, 96, id="wide, one by one"),
        pytest.param(ExplainOptions(method="occlusion"), 4, 4, id="tiny"),
        pytest.param(ExplainOptions(method="masks", masks=70), 32, 32, id="masks"),
    ],
)
def test_evaluations_are_planned_counted_and_told(onnx_network, options, height, width) -> None:
    told: list[int] = []
    network = onnx_network("top left", height, width)
    found = explain_image(network, bright_corners(height, width), 0, options, advance=told.append)
    assert found.evaluations == sum(told) == planned_evaluations(options, height, width)
    assert max(told) <= options.batch_size


def test_a_network_without_a_map_says_which_methods_there_are(onnx_network, keras_network) -> None:
    for network in (onnx_network("top left"), keras_network("top left", head="blind")):
        with pytest.raises(UsageError, match=r"takes a Keras model with a feature map .* take occlusion or masks"):
            explain_image(network, bright_corners(), 0, ExplainOptions(method="activation"))


def test_an_answer_that_is_no_number_is_said(onnx_network) -> None:
    with pytest.raises(ModelError, match="with a part covered is not finite"):
        explain_image(onnx_network("top left", poisoned=True), bright_corners(), 0, ExplainOptions())
