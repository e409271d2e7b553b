"""The graph of a SavedModel, whose layers Keras does not know: what its tensors hold, asked of the model's process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from numpy.typing import NDArray

from cnnkit.export.graph import frozen_graph
from cnnkit.export.original.calling import call_model, trace_model
from cnnkit.runtime import guest_of

IMAGE = "image"  # the name of what the graph takes
_KERNELS = frozenset({
    "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Conv", "Conv2D", "Conv2DBackpropInput", "Conv3D",
    "DepthwiseConv2dNative", "Einsum", "MatMul",
})  # fmt: skip
_OPAQUE = frozenset(
    {
        "Case",
        "If",
        "PartitionedCall",
        "StatefulPartitionedCall",
        "StatelessCase",
        "StatelessIf",
        "StatelessWhile",
        "While",
    }
)


_KNOWN: WeakKeyDictionary[Any, dict[Any, HiddenGraph]] = WeakKeyDictionary()  # of each model the last one


@dataclass(frozen=True)
class HiddenGraph:
    """A graph, and the process that computes its tensors."""

    frozen: Any  # tf.GraphDef
    operations: tuple[Any, ...]  # of TensorFlow, in the order of computation
    varying: frozenset[str]  # names of those that depend on the image
    guest: Any  # cnnkit.runtime.guest.Guest

    def values(self, names: Sequence[str], tensor: NDArray[Any]) -> list[NDArray[Any]]:
        """Returns the outputs of operations by name.

        Args:
            names: Of operations that depend on the image.
            tensor: (N, height, width, channels), what the model takes.

        Raises:
            ModelError: They cannot be computed, or not in time.
        """
        return list(self.guest.values([f"{name}:0" for name in names], tensor)) if names else []

    def before_kernels(self) -> list[str]:
        """Returns the operations whose output enters a kernel with no other in front of it.

        None are returned where a function, branch or loop is on the way: what is in it is not looked at.
        """
        found, before = [], {IMAGE}
        for node in self.operations:
            taken = [one.op.name for one in node.inputs]
            entering = [name for name in taken if name in before]
            if not entering:
                continue
            if node.type in _OPAQUE:
                return []
            if node.type in _KERNELS and not self.varying.issuperset(taken):
                found += entering
            else:
                before.add(node.name)
        return list(dict.fromkeys(found))


def hidden_graph(model: Any, tensor: NDArray[Any]) -> HiddenGraph | None:
    """Returns the graph of a SavedModel; None of other models, whose layers show what they do.

    Args:
        model: A keras.Model.
        tensor: (N, height, width, channels), what it takes.

    Raises:
        ModelError: It cannot be traced, or loaded in time.
    """
    guest, taken = guest_of(model), (tensor.shape[1:], tensor.dtype.name)
    if guest is None:
        return None
    if taken not in _KNOWN.setdefault(model, {}):
        _KNOWN[model] = {taken: _traced(model, guest, *taken)}  # the process looks into one graph at a time
    return _KNOWN[model][taken]


def _traced(model: Any, guest: Any, shape: tuple[int, ...], dtype: str) -> HiddenGraph:
    import tensorflow as tf

    image = tf.TensorSpec((None, *shape), dtype, name=IMAGE)
    frozen, _ = frozen_graph(trace_model(lambda image: call_model(model, image), image))
    guest.load_graph(frozen.SerializeToString())
    graph = tf.Graph()
    with graph.as_default():
        tf.graph_util.import_graph_def(frozen, name="")
    varying, operations = {IMAGE}, tuple(graph.get_operations())
    for node in operations:
        if not varying.isdisjoint(taken.op.name for taken in node.inputs):
            varying.add(node.name)
    return HiddenGraph(frozen, operations, frozenset(varying), guest)
