"""A network of the user's own: a function that takes a NetworkShape and gives a keras.Model."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from cnnkit.errors import UsageError
from cnnkit.train.architectures.shape import NetworkShape

Builder = Callable[[NetworkShape], Any]


def is_function(text: str) -> bool:
    """Whether a text has the form package.module:function."""
    module, _, function = text.partition(":")
    return function.isidentifier() and all(part.isidentifier() for part in module.split("."))


def build_custom(text: str, shape: NetworkShape) -> Any:
    """Imports the function, calls it and checks what it gives.

    Args:
        text: "package.module:function"; modules in the current folder are found too.
        shape: What the function is called with.

    Raises:
        UsageError: There is no such function, or it gives something else than a Functional or Sequential keras.Model
            that takes (N, height, width, channels), gives (N, classes) probabilities, and can be saved and loaded.
        ValueError: Keras says that the network cannot be built.
    """
    model = _find_function(text)(shape)
    _check_kind(text, model)
    _check_shapes(text, model, shape)
    _check_probabilities(text, model, shape)
    _check_saving(text, model)
    return model


def _find_function(text: str) -> Builder:
    module, _, name = text.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # behind installed packages, which a file of the same name must not hide
    try:
        function = getattr(import_module(module), name, None)
    except ImportError as error:
        raise UsageError(
            f"--arch {text}: cannot import {module} ({error}), expected package.module:function"
        ) from error
    if not callable(function):
        raise UsageError(f"--arch {text}: {module} has no function {name!r}, expected one that takes a NetworkShape")
    builder: Builder = function
    return builder


def _check_kind(text: str, model: Any) -> None:
    import keras

    if not isinstance(model, keras.Model):
        raise UsageError(f"--arch {text} gives {type(model).__name__}, expected a keras.Model")
    # Only these two kinds have layers that can be copied; Keras exports no name for the first.
    if not {"Functional", "Sequential"} & {kind.__name__ for kind in type(model).__mro__}:
        raise UsageError(
            f"--arch {text} gives {type(model).__name__}, a subclass of keras.Model, "
            "expected a Functional or Sequential model"
        )


def _check_shapes(text: str, model: Any, shape: NetworkShape) -> None:
    inputs, outputs = (
        [tuple(tensor.shape) for tensor in getattr(model, ends, None) or ()] for ends in ("inputs", "outputs")
    )
    wanted = (None, shape.height, shape.width, shape.channels)
    if inputs != [wanted]:
        raise UsageError(f"--arch {text} takes inputs of shape {_listed(inputs)}, expected one of {wanted}")
    if outputs != [(None, shape.classes)]:
        raise UsageError(
            f"--arch {text} gives outputs of shape {_listed(outputs)}, expected one of {(None, shape.classes)}"
        )


def _listed(shapes: list[tuple[int | None, ...]]) -> str:
    return " and ".join(map(str, shapes)) or "not known yet (a Sequential model without Input)"


def _check_probabilities(text: str, model: Any, shape: NetworkShape) -> None:
    size = (2, shape.height, shape.width, shape.channels)
    pixels = np.random.default_rng(0).integers(0, 256, size).astype(np.float32)
    output = np.asarray(model(pixels, training=False))
    if shape.independent:
        if output.min() < 0 or output.max() > 1:
            raise UsageError(f"--arch {text} gives {output[0, :3]}..., expected a probability a label: end in sigmoids")
        return
    if output.min() < 0 or not np.allclose(output.sum(axis=1), 1.0, atol=1e-3):
        raise UsageError(f"--arch {text} gives {output[0, :3]}..., expected probabilities: end it with a softmax")


def _check_saving(text: str, model: Any) -> None:
    """Finds out now what would else be found when the trained network is loaded."""
    import keras

    try:
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    except (TypeError, ValueError, NotImplementedError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UsageError(
            f"--arch {text} gives a network that cannot be saved and loaded ({reason}): use Keras' own layers"
        ) from error
