"""Weights out of files: whatever wrote them, they come in their order, and those of another network do not come."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from cnnkit.errors import CnnkitError, ModelError, UsageError
from cnnkit.train.architectures import NetworkShape, build_network, load_stored

FLAT, NESTED = "resnet8", "efficientnet_lite0:weights=none"


def build(text: str, classes: int, side: int = 32) -> Any:
    return build_network(text, NetworkShape(side, side, 3, classes, offset=121, spread=64.0))


def base_of(model: Any) -> Any:
    nested = [layer for layer in model.layers if hasattr(layer, "layers")]
    return nested[0] if nested else keras.Model(model.input, model.layers[-1].input)


def with_head(base: Any, classes: int) -> Any:
    return keras.Model(base.input, keras.layers.Dense(classes)(base.output))


def nested(base: Any) -> Any:
    """What a user makes of a network that has learned: augmentation before it, another end behind it."""
    before = [keras.Input(base.input_shape[1:]), keras.layers.RandomFlip("horizontal")]
    return keras.Sequential([*before, base, keras.layers.Dense(9, "relu"), keras.layers.Dense(4)])


@pytest.fixture(scope="module", params=[FLAT, NESTED], ids=["flat", "nested"])
def network(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """An architecture and a network of it for ten classes, all weights different from fresh ones."""
    generator = np.random.default_rng(7)
    model = build(request.param, 10)
    model.set_weights([generator.random(value.shape, dtype=np.float32) for value in model.get_weights()])
    return request.param, model


FORMS: dict[str, Callable[[Any, Path], Any]] = {
    "model.keras": lambda model, path: model.save(path),
    "model.weights.h5": lambda model, path: model.save_weights(path),
    "base.keras": lambda model, path: base_of(model).save(path),
    "base.weights.h5": lambda model, path: base_of(model).save_weights(path),
    "other_head.weights.h5": lambda model, path: with_head(base_of(model), 7).save_weights(path),
    "nested.keras": lambda model, path: nested(base_of(model)).save(path),
    "nested.weights.h5": lambda model, path: nested(base_of(model)).save_weights(path),
    "other_head.keras": lambda model, path: with_head(base_of(model), 7).save(path),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("classes", [10, 3])
def test_weights_come_from_every_form(
    network: tuple[str, Any], form: str, classes: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text, model = network
    FORMS[form](model, tmp_path / form)
    loaded = build(text, classes, side=40)  # convolutions fit any size
    before = [np.array(value) for value in loaded.get_weights()[-2:]]
    with caplog.at_level(logging.INFO, "cnnkit"):
        whole = load_stored(loaded, tmp_path / form)
    assert whole == (form.startswith("model") and classes == 10)
    for one, other in zip(loaded.get_weights()[:-2], model.get_weights()[:-2], strict=True):
        assert np.array_equal(one, other)
    for one, other in zip(loaded.get_weights()[-2:], model.get_weights()[-2:] if whole else before, strict=True):
        assert np.array_equal(one, other)
    said = "the last layer as well" if whole else "the last layer is new"
    assert said in caplog.text


def test_an_h5_model(tmp_path: Path) -> None:
    model = build(FLAT, 10)
    keras.models.save_model(model, tmp_path / "model.h5")
    loaded = build(FLAT, 10)
    assert load_stored(loaded, tmp_path / "model.h5")
    for one, other in zip(loaded.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(one, other)


def write_keras2(model: Any, path: Path) -> None:
    """The form of Keras 2's save_weights, in which the weights of keras.applications are handed out."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/weight_{number}:0" for number in range(len(layer.weights))]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, layer.get_weights(), strict=True):
                group[name] = value


def test_weights_of_keras_2(network: tuple[str, Any], tmp_path: Path) -> None:
    text, model = network
    write_keras2(base_of(model), tmp_path / "no_top.h5")
    loaded = build(text, 3)
    assert not load_stored(loaded, tmp_path / "no_top.h5")
    for one, other in zip(loaded.get_weights()[:-2], model.get_weights()[:-2], strict=True):
        assert np.array_equal(one, other)


def save(model: Any, path: Path) -> Path:
    (model.save if path.suffix == ".keras" else model.save_weights)(path)
    return path


def damaged(path: Path, change: Callable[[Any], None]) -> Path:
    build(FLAT, 10).save_weights(path)
    with h5py.File(path, "a") as file:
        change(file)
    return path


def replace(file: Any, name: str, value: Any) -> None:
    del file[name]
    file[name] = value


def more_layers(file: Any) -> None:
    for number in (1, 2):
        file[f"layers/dense_{number}/vars/0"] = np.zeros((3, 3), np.float32)


FIRST = "layers/conv2d/vars/0"
BAD_FILES: dict[str, tuple[Callable[[Path], Path], type[CnnkitError], str]] = {
    "no such file": (lambda folder: folder / "none.keras", UsageError, "no such file, expected imagenet, none, or a"),
    "a directory": (lambda folder: folder, UsageError, "no such file, expected imagenet, none, or a"),
    "another suffix": (lambda folder: write(folder / "a.pth", b"x"), UsageError, "no file of weights by its name"),
    "no HDF5": (lambda folder: write(folder / "a.weights.h5", b"x"), ModelError, "cannot be read as weights"),
    "no zip": (lambda folder: write(folder / "a.keras", b"x"), ModelError, "no .keras file by its content"),
    "empty": (lambda folder: empty(folder / "a.h5"), ModelError, "holds no weights of a Keras network"),
    "another network": (
        lambda folder: save(build("resnet20", 10), folder / "a.keras"),
        ModelError,
        r"its layer 1, conv2d\w*, is 3x3x3x16, expected 3x3x3x16 \+ 16 as conv2d\w* of resnet8",
    ),
    "another network's weights": (
        lambda folder: save(build("vgg1", 10), folder / "a.weights.h5"),
        ModelError,
        r"its layer 1, layers/conv2d, is 3x3x3x32 \+ 32, expected 3x3x3x16 \+ 16",
    ),
    "grey": (
        lambda folder: save(build_network(FLAT, NetworkShape(32, 32, 1, 10, 121, 64.0)), folder / "a.keras"),
        ModelError,
        r"is 3x3x1x16 \+ 16, expected 3x3x3x16 \+ 16",
    ),
    "half a network": (
        lambda folder: save(keras.Sequential([keras.Input((32, 32, 3)), first_layer()]), folder / "a.keras"),
        ModelError,
        r"1 layers, expected \d+ as resnet8 has in front of its last",
    ),
    "a missing layer": (
        lambda folder: damaged(folder / "a.weights.h5", lambda file: file["layers"].pop("conv2d_3")),
        ModelError,
        "holds weights of another network",
    ),
    "a larger network's weights": (
        lambda folder: damaged(folder / "a.weights.h5", more_layers),
        ModelError,
        r"\d+ layers, expected \d+ and a last one as resnet8 has",
    ),
    "a link": (
        lambda folder: damaged(
            folder / "a.weights.h5", lambda file: replace(file, FIRST, h5py.ExternalLink("/etc/hostname", "x"))
        ),
        ModelError,
        r"\(0 is a link\)",
    ),
    "words": (
        lambda folder: damaged(folder / "a.weights.h5", lambda file: replace(file, FIRST, "words")),
        ModelError,
        "no floating-point numbers",
    ),
    "no numbers": (
        lambda folder: damaged(
            folder / "a.weights.h5", lambda file: file[FIRST].write_direct(np.full((3, 3, 3, 16), np.nan, "f4"))
        ),
        ModelError,
        "holds weights that are no numbers",
    ),
}


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def empty(path: Path) -> Path:
    h5py.File(path, "w").close()
    return path


def first_layer() -> Any:
    return keras.layers.Conv2D(16, 3, padding="same")


@pytest.mark.parametrize("name", BAD_FILES)
def test_files_that_do_not_fit(name: str, tmp_path: Path) -> None:
    make, kind, message = BAD_FILES[name]
    network = build(FLAT, 10)
    before = network.get_weights()
    with pytest.raises(kind, match=message) as error:
        load_stored(network, make(tmp_path))
    assert "\n" not in str(error.value)
    for one, other in zip(network.get_weights(), before, strict=True):
        assert np.array_equal(one, other)
