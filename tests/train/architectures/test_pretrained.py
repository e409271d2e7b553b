"""Weights learned on ImageNet: taken where Keras finds them, missed in one line where it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import DataError
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
        "(URL fetch failure on https://storage: None -- no route): train from random ones with --weights none"
    )
