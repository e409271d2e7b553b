"""Quantized files that are wrong to a degree: noise on their integer weights or scales, the spec left as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cnnkit.export.graph.graphs import load_graph
from cnnkit.runtime import OnnxClassifier


def with_noise(source: Path, target: Path, amount: float, *, what: str, seed: int = 0) -> Path:
    """Writes the file with noise.

    Args:
        source: A quantized .onnx file.
        target: Where to.
        amount: Deviation of the noise: of "weights" in steps of an integer, of "scales" as a factor's logarithm.
        what: "weights", "scales", or "layer": the weights of one layer in the middle alone.
        seed: Of the noise.
    """
    from onnx import numpy_helper

    graph = load_graph(source)
    rng = np.random.default_rng(seed)
    chosen = [tensor for tensor in graph.graph.initializer if _is_meant(tensor, what)]
    for tensor in [chosen[len(chosen) // 2]] if what == "layer" else chosen:
        tensor.CopyFrom(numpy_helper.from_array(_noisy(numpy_helper.to_array(tensor), amount, rng), tensor.name))
    target.write_bytes(graph.SerializeToString())
    return target


def with_agreement(source: Path, target: Path, wanted: float, images: np.ndarray, *, what: str, seed: int = 0) -> float:
    """Writes the file with as much noise as leaves about the wanted share of labels; returns the share that is left."""
    expected = OnnxClassifier(source).probabilities(images).argmax(axis=1)

    def left(amount: float) -> float:
        answers = OnnxClassifier(with_noise(source, target, amount, what=what, seed=seed)).probabilities(images)
        return float((answers.argmax(axis=1) == expected).mean())

    low, high = 0.0, 200.0 if what != "scales" else 5.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if left(middle) > wanted else (low, middle)
    return left(high)


def _is_meant(tensor: Any, what: str) -> bool:
    if what == "scales":
        return tensor.data_type == 1 and tensor.name.endswith("scale") and len(tensor.dims) == 1
    return tensor.data_type == 3 and len(tensor.dims) == 4


def _noisy(values: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(0, amount, values.shape)
    if values.dtype == np.int8:
        return np.clip(np.rint(values + noise), -127, 127).astype(np.int8)
    return (values * np.exp(noise)).astype(np.float32)
