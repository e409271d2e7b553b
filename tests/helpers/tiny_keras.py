"""A tiny Keras model that answers as the tiny ONNX model does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tiny_models import TINY_SPEC

KERAS_SPEC = replace(TINY_SPEC, input=replace(TINY_SPEC.input, dtype="float32"))


def save_tiny_keras(path: Path, *, softmax: bool = True) -> Path:
    """Writes a Keras file that takes (N, 8, 8, 3) float32 in 0..255 and names the strongest of red, green and blue."""
    from cnnkit.runtime import import_keras

    keras = import_keras("a test")
    layers = [keras.layers.Rescaling(4 / 255), keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.Input((8, 8, 3)), *layers, *([keras.layers.Softmax()] if softmax else [])])
    model.save(path)
    return path
