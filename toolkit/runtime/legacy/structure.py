"""How the layers of a model of Keras 2 hang together, as Keras 3 reads it.

Each part of a structure is a JSON object with `class_name` and `config`; the layers of a graph have `inbound_nodes`
besides, one for each call: a list of [name of a layer, number of its call, number of its tensor, other arguments].
"""

from __future__ import annotations

from typing import Any

from cnnkit.runtime.legacy.functions import FUNCTION_LAYERS, plain_call
from cnnkit.runtime.legacy.settings import modern_settings

_SHAPE = "batch_input_shape"
_GRAPHS = ("Functional", "Model")
_MODELS = (*_GRAPHS, "Sequential")


def modern(part: Any) -> Any:
    """Returns a structure, or a part of one, as Keras 3 reads it; the argument stays as it is.

    - Sequential models were lists of layers before Keras 2.2.3, and had no input layer but a shape in their first one
      before TensorFlow 2.2: Keras 3 takes that shape's batch for a dimension of the image.
    - A graph's one input and output were lists of one, with which a sequence around it cannot go on.
    - Calls of a nested model were counted from 1.
    """
    if isinstance(part, list):
        return [modern(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    name, settings = part.get("class_name"), part.get("config")
    if name == "Sequential" and isinstance(settings, list):
        settings = {"name": "sequential", "layers": settings}
    if not isinstance(name, str) or not isinstance(settings, dict):
        return {key: modern(value) for key, value in part.items()}
    settings = {key: modern(value) for key, value in modern_settings(name, settings).items()}
    layers = settings.get("layers")
    if name in _MODELS and isinstance(layers, list) and all(map(_is_layer, layers)):
        settings = _sequence(settings) if name == "Sequential" else _graph(settings)
    return {**part, "config": settings}


def without_modules(part: Any) -> Any:
    """Returns a structure without what TensorFlow 2.13 and later said of a class beside its name: its own modules."""
    if isinstance(part, list):
        return [without_modules(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    left_out = ("module", "registered_name", "build_config") if "class_name" in part else ()
    return {key: without_modules(value) for key, value in part.items() if key not in left_out}


def _is_layer(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("config"), dict)


def _sequence(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns a sequence with the shape of its images in an input layer before it, and nowhere else."""
    layers = settings["layers"]
    inputs, rest = (layers[:1], layers[1:]) if layers and layers[0].get("class_name") == "InputLayer" else ([], layers)
    shape = rest[0]["config"].get(_SHAPE) if rest else None
    if not inputs and shape is not None:
        name = f"{rest[0]['config'].get('name', 'image')}_input"
        inputs = [{"class_name": "InputLayer", "config": {_SHAPE: shape, "dtype": "float32", "name": name}}]
    for layer in rest:
        layer["config"].pop(_SHAPE, None)
    return {**settings, "layers": [*inputs, *rest]}


def _graph(settings: dict[str, Any]) -> dict[str, Any]:
    layers = settings["layers"]
    first_calls = {layer.get("name"): 0 for layer in layers}
    for layer in layers:
        if layer.get("class_name") in _MODELS and not _is_called_from_0(layer.get("name"), layers):
            first_calls[layer.get("name")] = 1
    for layer in layers:
        if layer.get("class_name") in FUNCTION_LAYERS:
            layer["inbound_nodes"] = [plain_call(node, first_calls) for node in layer.get("inbound_nodes") or []]
        layer["inbound_nodes"] = _counted_from(first_calls, layer.get("inbound_nodes"))
    graphs = {layer.get("name") for layer in layers if layer.get("class_name") in _GRAPHS}
    ends = [key for key in ("input_layers", "output_layers") if key in settings]
    return settings | {key: _alone(_end(settings[key], first_calls, graphs)) for key in ends}


def _is_called_from_0(name: Any, layers: list[dict[str, Any]]) -> bool:
    return any(
        isinstance(call, list) and call[:2] == [name, 0]
        for layer in layers for node in layer.get("inbound_nodes") or [] if isinstance(node, list) for call in node
    )  # fmt: skip


def _counted_from(first_calls: dict[Any, int], nodes: Any) -> Any:
    """Returns a layer's calls with the calls that they follow counted from 0."""
    if not isinstance(nodes, list) or not all(isinstance(node, list) for node in nodes):
        return nodes  # Keras 3 wrote them
    return [
        [
            [call[0], call[1] - first_calls.get(call[0], 0), *call[2:]]
            if isinstance(call, list) and len(call) > 2 and isinstance(call[0], str) and isinstance(call[1], int)
            else call
            for call in node
        ]
        for node in nodes
    ]


def _end(ends: Any, first_calls: dict[Any, int], graphs: set[Any]) -> Any:
    """Returns the ends of a graph with calls counted from 0, those of a graph within it from 1, as Keras 3 does."""
    if not isinstance(ends, list):
        return ends
    if len(ends) == 3 and isinstance(ends[0], str) and isinstance(ends[1], int):
        return [ends[0], ends[1] - first_calls.get(ends[0], 0) + (ends[0] in graphs), ends[2]]
    return [_end(end, first_calls, graphs) for end in ends]


def _alone(ends: Any) -> Any:
    """Returns the input or output of a graph that has only one without the list around it."""
    one = isinstance(ends, list) and len(ends) == 1 and isinstance(ends[0], list) and len(ends[0]) == 3
    return ends[0] if one else ends
