"""Where an exported graph parts from its Keras model: the first layer whose output differs, in the order of calls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.conversion import INPUT_NAME, converted, converted_graph
from cnnkit.export.original import CALL, HiddenGraph, Original, call_model, hidden_graph
from cnnkit.images import prepare_batch
from cnnkit.runtime import called_instead, flat_layers, import_onnxruntime

_IMAGES = 8
_AT_ONCE = 16  # tensors of a graph that are held
_ALLOWED = 1e-3  # of the largest number that a layer gives
_OPEN = 0.01  # of a sigmoid
_FATAL = 4  # of onnxruntime's severities

Seen = list[tuple[Any, Any]]  # layers and what they gave


def first_difference(original: Original, images: NDArray[np.uint8]) -> str | None:
    """Names the first layer that the converter computes otherwise than Keras.

    Args:
        original: The Keras model.
        images: (N, height, width, channels) uint8, of which some are answered.

    Returns:
        "'celu' (Activation)", or of a SavedModel, whose layers TensorFlow does not know, the part of its graph and the
        operator that gives its output, "'net/celu' (Elu)"; None where none differs.

    Raises:
        ModelError: It cannot be converted layer by layer, or gives no answer in time.
    """
    tensor = prepare_batch(images[:_IMAGES], original.spec.input)
    hidden = hidden_graph(original.model, tensor)
    if hidden is not None:
        return _in_graph(hidden, tensor)
    expected = _outputs(original.model, tensor)
    if not expected:
        return None

    def watched(image: Any) -> Any:
        return tuple(output for _, output in _outputs(original.model, image))

    graph = converted(watched, original.spec.input, tensor.dtype.name)
    outputs = _session(graph).run(None, {INPUT_NAME: tensor})
    for (layer, output), given in zip(expected, outputs, strict=True):
        if _differ(np.asarray(output), given):
            return f"{layer.name!r} ({type(layer).__name__}){_shut(layer, np.asarray(output))}"
    return None


def _shut(layer: Any, output: NDArray[Any]) -> str:
    """Says what onnxruntime does with sigmoids of which not one is open."""
    activation = getattr(getattr(layer, "activation", None), "__name__", "")
    if activation != "sigmoid" or float(np.abs(output).max()) > _OPEN:
        return ""
    return f", whose sigmoids are all below {_OPEN:g}: onnxruntime gives them to 1e-7, and 0 for what is below 1.5e-8"


def _in_graph(hidden: HiddenGraph, tensor: NDArray[Any]) -> str | None:
    """Compares what parts of a SavedModel's graph give to the others, some at a time."""
    leaving = _leaving(hidden)
    session = _session(converted_graph(hidden.frozen, [f"{name}:0" for name in leaving]))
    for start in range(0, len(leaving), _AT_ONCE):
        names = list(leaving)[start : start + _AT_ONCE]
        given = session.run([f"{name}:0" for name in names], {INPUT_NAME: tensor})
        for name, expected, found in zip(names, hidden.values(names, tensor), given, strict=True):
            if _differ(expected, found):
                return f"{_below_the_model(name)!r} ({leaving[name]})"
    return None


def _leaving(hidden: HiddenGraph) -> dict[str, str]:
    """Returns the nodes that depend on the image and give floats to another part, or to nobody: name -> operator.

    The parts are those of their names, which are in the order of computation.
    """
    leaving = {}
    for node in hidden.operations:
        if node.name in hidden.varying and node.outputs and node.outputs[0].dtype.name == "float32":
            takers = node.outputs[0].consumers()
            if not takers or any(_part(taker.name) != _part(node.name) for taker in takers):
                leaving[node.name] = node.type
    leaving.pop(INPUT_NAME, None)
    return leaving


def _part(name: str) -> str:
    return name.rpartition("/")[0]


def _below_the_model(node: str) -> str:
    """Returns the part in which a node lies, below the call of the function and the name of the model."""
    inside = node.rpartition(f"{CALL}/")[2].split("/")
    return "/".join(inside[1:-1] or inside)


def _session(graph: Any) -> Any:
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL
    return runtime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])


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
