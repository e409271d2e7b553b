"""Feature maps of Keras networks: what each place adds to the logit of a class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnkit.runtime import KerasClassifier, flat_layers, import_keras
from cnnkit.runtime.activation import activation_map
from cnnkit.spec import InputSpec, ModelSpec

SIDE = 24


@pytest.fixture(scope="module")
def keras():
    return import_keras("a test")


def body(keras):
    """A convolution with a padded border, so that places differ, and a pooling: 12 x 12 places, 5 channels."""
    return [keras.layers.Conv2D(5, 3, padding="same", activation="relu", name="conv"), keras.layers.MaxPooling2D()]


HEADS = {
    "pooled": lambda keras: [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4, "softmax", name="dense")],
    "dropout": lambda keras: [
        keras.layers.GlobalAveragePooling2D(keepdims=True), keras.layers.Flatten(), keras.layers.Dropout(0.5),
        keras.layers.Dense(4, name="dense"), keras.layers.Activation("softmax"),
    ],
    "sigmoid": lambda keras: [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4, "sigmoid", name="dense")],
    "flat": lambda keras: [keras.layers.Flatten(), keras.layers.Dense(4, "softmax")],
    "two dense": lambda keras: [
        keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(6, "relu"), keras.layers.Dense(4, "softmax"),
    ],
    "maximum": lambda keras: [keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(4), keras.layers.Softmax()],
}  # fmt: skip


def classifier(keras, layers, *, channels: int = 3) -> KerasClassifier:
    keras.utils.set_random_seed(7)
    model = keras.Sequential([keras.Input((SIDE, SIDE, channels)), *layers])
    taken = InputSpec(SIDE, SIDE, channels, color="rgb" if channels == 3 else "gray", dtype="float32", scale=1 / 255)
    return KerasClassifier(Path("model.keras"), ModelSpec(("a", "b", "c", "d"), taken), model=model)


def photo(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, channels), dtype=np.uint8)


@pytest.mark.parametrize("head", ["pooled", "dropout", "sigmoid"])
@pytest.mark.parametrize("nested", [False, True], ids=["plain", "nested"])
@pytest.mark.parametrize("index", [0, 3])
def test_the_places_of_an_exact_map_add_up_to_the_logit(keras, head, nested, index) -> None:
    layers = [*body(keras), *HEADS[head](keras)]
    if nested:  # the pooling lies in a model of its own
        layers = [keras.Sequential(layers[:3]), *layers[3:]]
    tested = classifier(keras, layers)
    found = tested.activation(photo(), index)
    dense = tested.model.get_layer("dense")
    bias = float(np.asarray(dense.bias)[index])
    answer = np.log(tested.probabilities(photo()[None])[0].astype(np.float64))
    assert found is not None and found.shape == (12, 12)
    if head == "sigmoid":  # whose logit is known as it is, while softmax tells differences alone
        answer = answer - np.log1p(-np.exp(answer))
        assert found.mean() + bias == pytest.approx(answer[index], abs=1e-5)
    else:
        other = tested.activation(photo(), 1)
        assert other is not None
        difference = found.mean() + bias - (other.mean() + float(np.asarray(dense.bias)[1]))
        assert difference == pytest.approx(answer[index] - answer[1], abs=1e-5)


def test_channels_that_are_classes_are_maps_themselves(keras) -> None:
    layers = [keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D(), keras.layers.Softmax()]
    tested = classifier(keras, layers)
    maps = np.asarray(tested.model.layers[0](photo()[None].astype(np.float32) / 255))[0]
    np.testing.assert_allclose(tested.activation(photo(), 2), maps[..., 2], atol=1e-5)


@pytest.mark.parametrize("head", ["flat", "two dense", "maximum"])
def test_other_networks_are_weighted_by_the_gradient_of_the_logit(keras, head) -> None:
    """The mean gradient is compared with what small steps of whole channels change in the logits."""
    tested = classifier(keras, [*body(keras), *HEADS[head](keras)])
    layers = tested.model.layers
    maps = np.asarray(layers[1](layers[0](photo()[None].astype(np.float32) / 255)), np.float64)

    def logit(changed: np.ndarray, index: int) -> float:
        x = keras.ops.convert_to_tensor(changed.astype(np.float32))
        for layer in layers[2:]:
            x = layer(x)
        return float(np.log(np.asarray(x, np.float64))[0, index] - np.log(np.asarray(x, np.float64))[0, 1])

    step = 1e-2
    slopes = []
    for channel in range(maps.shape[-1]):
        moved = maps.copy()
        moved[..., channel] += step
        slopes.append((logit(moved, 3) - logit(maps, 3)) / step / maps[0, ..., 0].size)
    found, other = tested.activation(photo(), 3), tested.activation(photo(), 1)
    assert found is not None and other is not None
    np.testing.assert_allclose(found - other, maps[0] @ np.array(slopes), atol=2e-3, rtol=2e-2)


def test_a_sure_network_has_a_map_all_the_same(keras) -> None:
    """A softmax that says 1 has a gradient of 0: the map is of what comes before it."""
    tested = classifier(keras, [*body(keras), *HEADS["flat"](keras)])
    dense = tested.model.layers[-1]
    dense.set_weights([np.asarray(dense.kernel) * 1e4, np.array([1e4, 0, 0, 0], np.float32)])
    assert tested.probabilities(photo()[None])[0].max() == 1
    found = tested.activation(photo(), 0)
    assert found is not None and np.abs(found).max() > 1


@pytest.mark.parametrize("head", list(HEADS))
def test_the_network_answers_as_before_afterwards(keras, head) -> None:
    tested = classifier(keras, [*body(keras), *HEADS[head](keras)])
    before = np.asarray(tested.model(photo()[None].astype(np.float32), training=False))
    assert tested.activation(photo(), 0) is not None
    assert (np.asarray(tested.model(photo()[None].astype(np.float32), training=False)) == before).all()
    assert not any("call" in vars(layer) for layer in tested.model.layers)


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param(lambda keras: [keras.layers.Flatten(), keras.layers.Dense(4, "softmax")], id="no map"),
        pytest.param(
            lambda keras: [keras.layers.Conv2D(4, SIDE), keras.layers.Flatten(), keras.layers.Softmax()], id="one place"
        ),
    ],
)
def test_networks_without_a_map(keras, layers) -> None:
    assert classifier(keras, layers(keras)).activation(photo(), 0) is None


def test_gray(keras) -> None:
    found = classifier(keras, [*body(keras), *HEADS["pooled"](keras)], channels=1).activation(photo(1), 0)
    assert found is not None and found.shape == (12, 12)


def test_channels_first(keras) -> None:
    """The same weights in the other layout; convolutions on a CPU know this one alone, so a map is given directly."""
    layers = [
        keras.layers.Permute((3, 1, 2)),
        keras.layers.GlobalAveragePooling2D(data_format="channels_first"), keras.layers.Dense(4, "softmax"),
    ]  # fmt: skip
    tested = classifier(keras, layers)
    kernel = np.asarray(tested.model.layers[-1].kernel)
    np.testing.assert_allclose(tested.activation(photo(), 1), photo() / 255 @ kernel[:, 1], atol=1e-5)


def test_pixels_are_scaled_as_the_spec_says(keras) -> None:
    tested = classifier(keras, [*body(keras), *HEADS["pooled"](keras)])
    half = replace(tested.spec.input, scale=1 / 510)
    halved = KerasClassifier(Path("model.keras"), replace(tested.spec, input=half), model=tested.model)
    assert not np.allclose(halved.activation(photo(), 0), tested.activation(photo(), 0))


def test_on_other_backends_there_is_the_exact_map_alone(keras, monkeypatch) -> None:
    exact, other = (classifier(keras, [*body(keras), *HEADS[head](keras)]) for head in ("pooled", "flat"))
    tensor = exact.input_tensor(photo()[None])
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    found = activation_map(exact.model, flat_layers(exact.model), tensor, 0)
    assert found is not None and found.shape == (12, 12)
    assert activation_map(other.model, flat_layers(other.model), tensor, 0) is None
