"""Where an exported graph parts from its Keras model: the first layer whose output differs, in the order of calls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.conversion import INPUT_NAME, converted
from cnnkit.export.original import Original, call_model
from cnnkit.images import prepare_batch
from cnnkit.runtime import called_instead, flat_layers, import_onnxruntime, is_saved_model

_IMAGES = 8
_ALLOWED = 1e-3  # of the largest number that a layer gives
_FATAL = 4  # of onnxruntime's severities

Seen = list[tuple[Any, Any]]  # layers and what they gave


def first_difference(original: Original, images: NDArray[np.uint8]) -> str | None:
    """Names the first layer that the converter computes otherwise than Keras.

    Args:
        original: The Keras model.
        images: (N, height, width, channels) uint8, of which some are answered.

    Returns:
        "'celu' (Activation)"; None where none differs, or the layers are hidden, as those of a SavedModel are.
    """
    if is_saved_model(original.path):
        return None
    tensor = prepare_batch(images[:_IMAGES], original.spec.input)
    expected = _outputs(original.model, tensor)
    if not expected:
        return None

    def watched(image: Any) -> Any:
        return tuple(output for _, output in _outputs(original.model, image))

    graph = converted(watched, original.spec.input, tensor.dtype.name)
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL
    session = runtime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for (layer, output), given in zip(expected, session.run(None, {INPUT_NAME: tensor}), strict=True):
        if _differ(np.asarray(output), given):
            return f"{layer.name!r} ({type(layer).__name__})"
    return None


def _outputs(model: Any, tensor: Any) -> Seen:
    """Calls a model, and returns what each of its layers gives, as often as it is called: one tensor of floats."""
    seen: Seen = []

    def watched(layer: Any, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        output = call(*arguments, **options)
        if "float" in str(getattr(output, "dtype", "")):
            seen.append((layer, output))
        return output

    with ExitStack() as watching:
        for layer in {id(layer): layer for layer in flat_layers(model)}.values():
            watching.enter_context(called_instead(layer, partial(watched, layer)))
        call_model(model, tensor)
    return seen


def _differ(expected: NDArray[Any], given: NDArray[Any]) -> bool:
    if expected.shape != given.shape:
        return True
    return not float(np.abs(expected - given).max()) <= _ALLOWED * max(float(np.abs(expected).max()), 1e-6)
