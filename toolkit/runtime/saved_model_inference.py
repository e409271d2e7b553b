"""What Keras 3 leaves switched on in a SavedModel as in training, switched off again.

`Model.export` calls a network without saying that it does not train. Layers of augmentation then take it that it does,
and so do layers behind them: what is served turns images at random, and normalises by the batch at hand. Such layers
write variables while they answer, by which they are told: the state of their random numbers, and moving averages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cnnkit.runtime.saved_model_operators import ARITHMETIC

_RESOURCE = 20  # tensorflow.DataType
_SIZES = frozenset({"Rank", "Shape", "ShapeN", "Size"})  # of which no pixel gets further
# What leaves as many pixels as it takes: not RandomCrop, which cuts images in inference, too.
_KEEPS_SHAPE = ARITHMETIC | {
    "AdjustContrastv2", "AdjustHue", "AdjustSaturation", "EnsureShape", "HSVToRGB", "Identity",
    "ImageProjectiveTransformV2", "ImageProjectiveTransformV3", "Mean", "RGBToHSV", "ReverseV2",
}  # fmt: skip


def as_in_inference(library: Any) -> list[str]:
    """Takes random layers out of functions, and lets moving averages stand where those of a batch stood.

    Args:
        library: The `FunctionDefLibrary` of a SavedModel, which is changed.

    Returns:
        The names of the layers.
    """
    changed = (name for function in library.function for name in _Body(function).switched_off())
    return list(dict.fromkeys(changed))


@dataclass
class _Body:
    """The nodes of one function."""

    function: Any  # FunctionDef

    def switched_off(self) -> Iterator[str]:
        """Switches layers off and yields their names."""
        for write in [node for node in self.function.node_def if node.op == "AssignVariableOp"]:
            scope = write.name.rpartition("/")[0]
            average = self._average(write)
            if average is not None:
                self._replace(*average)
                self._remove({write.name})
                yield scope.rpartition("/")[2]
            elif scope and self._bypass(scope):
                yield scope.rpartition("/")[2]

    def _average(self, write: Any) -> tuple[str, str] | None:
        """Returns a batch's figure and its moving average, m and a of "a.assign(a * c + m * (1 - c))"; else None."""
        nodes = {node.name: node for node in self.function.node_def}
        total = nodes.get(_producer(write.input[1]))
        if total is None or total.op != "AddV2":
            return None
        products = [nodes.get(_producer(ref)) for ref in total.input[:2]]
        if not all(one is not None and one.op == "Mul" for one in products):
            return None
        old, new = (one.input[0] for one in products if one is not None)
        read = nodes.get(_producer(old))
        if read is None or read.op != "ReadVariableOp" or read.input[0] != write.input[0]:
            return None
        return new, old

    def _bypass(self, scope: str) -> bool:
        """Takes the nodes of a scope out; False where not exactly one image goes in and one of its size comes out."""
        inside = {node.name for node in self.function.node_def if node.name.startswith(f"{scope}/")}
        own = inside | {one.name for one in self.function.signature.input_arg if one.type == _RESOURCE}
        within = [node for node in self.function.node_def if node.name in inside]
        others = [node for node in self.function.node_def if node.name not in inside]
        entering = {ref for ref in _data(within) if _producer(ref) not in own}
        leaving = {ref for ref in (*_data(others), *self.function.ret.values()) if _producer(ref) in inside}
        if len(entering) != 1 or len(leaving) != 1:
            return False
        (before,), (after,) = entering, leaving
        if not _between(within, before, after) <= _KEEPS_SHAPE:
            return False
        self._replace(after, before)
        self._remove(inside)
        return True

    def _replace(self, old: str, new: str) -> None:
        """Lets everything take another tensor."""
        for node in self.function.node_def:
            for place, ref in enumerate(node.input):
                if ref == old:
                    node.input[place] = new
        for name, ref in list(self.function.ret.items()):
            if ref == old:
                self.function.ret[name] = new

    def _remove(self, names: set[str]) -> None:
        """Takes nodes out that nothing takes a tensor of."""
        function = self.function
        _keep(function.node_def, [node.name not in names for node in function.node_def])
        for node in function.node_def:
            _keep(node.input, [not (ref.startswith("^") and _producer(ref) in names) for ref in node.input])
        gone = {name for name, node in function.control_ret.items() if node in names}
        for name in gone:
            del function.control_ret[name]
        outputs = function.signature.control_output
        _keep(outputs, [name not in gone for name in outputs])


def _between(nodes: list[Any], before: str, after: str) -> set[str]:
    """Returns the operators through which what is in one tensor gets into another."""
    by_name = {node.name: node for node in nodes}
    consumers: dict[str, list[str]] = defaultdict(list)
    producers: dict[str, list[str]] = {}
    for node in nodes:
        producers[node.name] = [_producer(ref) for ref in _data([node]) if _producer(ref) in by_name]
        for ref in _data([node]):
            if node.op not in _SIZES:
                consumers[ref if ref == before else _producer(ref)].append(node.name)
    reached = _closure(consumers.get(before, []), consumers) & _closure([_producer(after)], producers)
    return {by_name[name].op for name in reached}


def _closure(start: Iterable[str], following: dict[str, list[str]]) -> set[str]:
    waiting, found = list(start), set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += following.get(name, [])
    return found


def _keep(items: Any, wanted: list[bool]) -> None:
    for place in reversed(range(len(items))):
        if not wanted[place]:
            del items[place]


def _data(nodes: Iterable[Any]) -> Iterator[str]:
    yield from (ref for node in nodes for ref in node.input if not ref.startswith("^"))


def _producer(ref: str) -> str:
    return ref.removeprefix("^").partition(":")[0]
