"""Every architecture through the chain: a step of training, a Keras file, an ONNX file that answers the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnkit.export import ExportOptions, export_model
from cnnkit.foreign import InputFlags
from cnnkit.runtime.layer_counting import multiply_adds
from cnnkit.runtime.onnx import OnnxClassifier
from cnnkit.train.architectures import ARCHITECTURES, NetworkShape, build_network
from cnnkit.train.devices import Devices
from cnnkit.train.fitting.optimizers import Steps
from cnnkit.train.fitting.trainer import Trainer
from cnnkit.train.recipes.recipe import Recipe

LABELS = ("ant", "bee", "cat")
LITES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
LARGE = ("mobilenet_v3_small", "efficientnet_v2_b0", *LITES)
SLOW = (*LARGE, "mobilenet_v1", "resnet32", "resnet56")  # smaller ones of their kind tell nearly the same
SIZES = {"mobilenet_v1": 96, **dict.fromkeys(LARGE, 64)}  # pixels a side; else 32


def random_images(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def train_one_step(network: Any, images: np.ndarray) -> float:
    """One step of Adam; returns the loss."""
    trainer = Trainer(
        network, Recipe(batch_size=len(images)), Devices("tensorflow", (), None, False), Steps(1, 1), seed=0
    )
    trainer.model.run_eagerly = True  # a graph costs more time than the one step
    targets = np.eye(len(LABELS), dtype=np.float32)[np.arange(len(images)) % len(LABELS)]
    loss = trainer.model.train_on_batch({"image": images, "target": targets}, targets)[0]
    trainer.update_network()
    return float(loss)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in ARCHITECTURES]
)
def test_it_trains_and_exports_and_the_file_answers_as_keras_does(name: str, tmp_path: Path) -> None:
    size = SIZES.get(name, 32)
    shape = NetworkShape(size, size, 3, len(LABELS), offset=121, spread=64.0)
    network = build_network(f"{name}:weights=none" if name in LARGE else name, shape)
    before = [weight.copy() for weight in network.get_weights()]
    assert np.isfinite(train_one_step(network, random_images(6, size)))
    assert all(np.any(old != new) for old, new in zip(before, network.get_weights(), strict=True) if old.ndim > 1)

    network.save(tmp_path / "model.keras")
    options = ExportOptions(
        tmp_path / "model.keras", tmp_path / "model.onnx", ",".join(LABELS), InputFlags(color="rgb"), golden="none"
    )
    report = export_model(options)
    images = random_images(4, size)[::-1].copy()
    answers = OnnxClassifier(report.path).probabilities(images)
    expected = np.asarray(network(images.astype(np.float32), training=False))
    np.testing.assert_allclose(answers, expected, atol=1e-4)
    assert report.spec.graph is not None
    assert report.spec.graph.parameters == network.count_params()
    assert report.spec.graph.multiply_adds == multiply_adds(network)
