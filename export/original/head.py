"""What a Keras model's last layer gives: told by its operator, by the loss it was trained with, or by the user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import UsageError
from cnnkit.export.graph import frozen_graph
from cnnkit.export.original.calling import call_model, trace_model
from cnnkit.export.original.layers import final_layer
from cnnkit.export.original.stored_loss import stored_loss
from cnnkit.foreign import GraphEnd, Head, are_probabilities, graph_end, judge_output
from cnnkit.images import prepare_batch
from cnnkit.spec import GraphNode, InputSpec, Output

_PROBES = 8  # random images whose answers are held against what the layers say
_ACTIVATIONS = {"softmax": "Softmax", "log_softmax": "LogSoftmax", "sigmoid": "Sigmoid", "hard_sigmoid": "HardSigmoid"}
_NAMES = {"Mean": "ReduceMean", "Sum": "ReduceSum"}  # TensorFlow's -> those of ONNX, whose own Mean is another one
_LINEAR = {"Dense": "MatMul", "Conv2D": "Conv2D"}
_CHOICES = (
    "--head logits if a softmax is to follow, --head softmax if they are probabilities, --head sigmoid-logits if a "
    "sigmoid a label is to follow"
)


def output_kind(model: Any, taken: InputSpec, said: Head | None, path: Path) -> Output:
    """Returns what a model's numbers are.

    Args:
        model: A keras.Model.
        taken: What it takes.
        said: What the user says of its last layer; None where nothing is said.
        path: Its file, which may say with which loss it was trained.

    Raises:
        ModelError: It gives what is no number, or none that can be meant.
        UsageError: Nothing says it, or it is said otherwise than the model has it.
    """
    values, end = probe(model, taken), _end(model, taken)
    if said is None and end.is_linear():
        said = _by_loss(path, one_unit=values.size == len(values))
    return judge_output(values, end, said, path)


def looks_like(model: Any, taken: InputSpec, exported: Output) -> Output:
    """Returns what the numbers of a model are that was exported once, by what the exported file gives."""
    values = probe(model, taken)
    if exported == "independent":
        return "independent-logits" if _end(model, taken).is_linear() else "independent"
    if values.size == len(values):
        return "logits" if _end(model, taken).is_linear() else "probabilities"
    return "probabilities" if are_probabilities(values) else "logits"


def probe(model: Any, taken: InputSpec) -> NDArray[np.float32]:
    """Returns the (N, ...) outputs for random images."""
    shape = (_PROBES, taken.height, taken.width, taken.channels)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return np.asarray(call_model(model, prepare_batch(images, taken)), dtype=np.float32)


def _by_loss(path: Path, *, one_unit: bool) -> Head:
    """Returns what a linear end gives, by the loss in the file."""
    loss = stored_loss(path)
    if loss is not None and loss.takes_logits() and not one_unit:
        return "logits"
    if loss is not None and loss.takes_logits_of_sigmoids():
        return "sigmoid-logits"
    why = "says no loss" if loss is None else f"was trained with {loss}"
    raise UsageError(
        f"{path} ends in linear numbers and {why}, so what its numbers mean is unknown: say "
        f"{'--head logits if a sigmoid is to follow' if one_unit else _CHOICES}"
    )


def _end(model: Any, taken: InputSpec) -> GraphEnd:
    """Returns the operator in front of the output: the last layer's, or that of the traced graph where it hides."""
    layer = final_layer(model)
    kind = type(layer).__name__
    activation = getattr(getattr(layer, "activation", None), "__name__", None)
    if kind == "Softmax" or activation in _ACTIVATIONS:
        return GraphEnd("Softmax" if kind == "Softmax" else _ACTIVATIONS[str(activation)])
    if kind in _LINEAR and activation == "linear":
        return GraphEnd(_LINEAR[kind])
    return _traced(model, taken)


def _traced(model: Any, taken: InputSpec) -> GraphEnd:
    import tensorflow as tf

    image = tf.TensorSpec((None, taken.height, taken.width, taken.channels), taken.dtype, name="image")
    graph, (output,) = frozen_graph(trace_model(lambda image: call_model(model, image), image))
    nodes = tuple(GraphNode(_NAMES.get(node.op, node.op), _inputs(node), (node.name,)) for node in graph.node)
    return graph_end(nodes, "image", _maker(output))


def _inputs(node: Any) -> tuple[str, ...]:
    """Returns the nodes that make what a node takes, those that it only waits for left out."""
    return tuple(_maker(name) for name in node.input if not name.startswith("^"))


def _maker(tensor: str) -> str:
    """Returns the name of the node that makes a tensor: "head/Softmax:0" -> "head/Softmax"."""
    return tensor.partition(":")[0]
