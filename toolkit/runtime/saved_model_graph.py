"""What is in a SavedModel, judged before TensorFlow loads any of it, and what is taken out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from cnnkit.errors import ModelError
from cnnkit.runtime.saved_model_operators import ALLOWED, CHECKPOINT

GRAPH_FILE = "saved_model.pb"
_MOST_NODES = 1_000_000  # with every call of a function replaced by the function
_MOST_NAMED = 4  # operators in a message
_SESSION_SETTINGS = ("config", "config_proto", "executor_type")


def checked_model(data: bytes, folder: Path) -> Any:
    """Reads a SavedModel and takes out what neither loading nor serving needs.

    Args:
        data: The content of its saved_model.pb.
        folder: Where that lies, for messages.

    Returns:
        A `SavedModel` message of one graph of TensorFlow 2: all operators of its functions are in `ALLOWED`, they call
        nothing but one another, none calls itself, and all that the graph holds besides are constants.

    Raises:
        ModelError: It is none, or its graph could do more than compute.
    """
    content = _parsed(data, folder)
    for meta in content.meta_graphs:
        _refuse(sorted(set(_beyond(meta))), folder)
    if len(content.meta_graphs) != 1 or not content.meta_graphs[0].HasField("object_graph_def"):
        raise ModelError(f"{folder} holds no single graph of TensorFlow 2: export it with Keras' model.export")
    meta = content.meta_graphs[0]
    if meta.asset_file_def:
        raise ModelError(f"{folder} is not loaded: it reads further files (assets), which no classifier needs")
    _strip(meta)
    _refuse_endless(meta.graph_def.library, folder)
    return content


def _parsed(data: bytes, folder: Path) -> Any:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorflow.core.protobuf import saved_model_pb2

    content = saved_model_pb2.SavedModel()
    try:
        content.ParseFromString(data)
    except DecodeError as error:
        raise ModelError(f"{folder / GRAPH_FILE} is damaged ({error}): copy or export the folder again") from error
    return content


def _refuse(names: list[str], folder: Path) -> None:
    if names:
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise ModelError(
            f"{folder} is not loaded: its graph holds {', '.join(names[:_MOST_NAMED])}{more}, which no classifier needs"
        )


def _beyond(meta: Any) -> Iterator[str]:
    """Yields the operators that are not on the list, and the names that are called and are no functions of the file.

    Functions that no object of the model leads to are those that write and read checkpoints: they may do just that, and
    are taken out before anything is loaded.
    """
    library = meta.graph_def.library
    names = {function.signature.name for function in library.function}
    yield from (name for name in names if _is_operator(name))  # a node of that name could be either
    kept = _reached(meta)
    for function in library.function:
        allowed = ALLOWED if function.signature.name in kept else ALLOWED | CHECKPOINT
        yield from _foreign(function.node_def, allowed | names, names)
    yield from _foreign(meta.graph_def.node, ALLOWED | names, names)


def _foreign(nodes: Iterable[Any], allowed: frozenset[str], names: set[str]) -> Iterator[str]:
    for node in nodes:
        if node.op not in allowed:
            yield node.op
        yield from (name for name in _named(node.attr) if name not in names)


def _is_operator(name: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(name) is not None


def _named(attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yields the names of the functions that attributes hold."""
    for value in attributes.values():
        functions = [value.func] if value.HasField("func") else value.list.func
        for function in functions:
            yield function.name
            yield from _named(function.attr)


def _calls(function: Any, names: Iterable[str]) -> Iterator[str]:
    """Yields the functions of a library that a function calls, as often as it does."""
    for node in function.node_def:
        yield from _named(node.attr)
        if node.op in names:
            yield node.op


def _reached(meta: Any) -> set[str]:
    """Returns the functions that the objects of a model lead to, directly or through others and their gradients."""
    functions = {function.signature.name: function for function in meta.graph_def.library.function}
    gradients = {pair.function_name: pair.gradient_func for pair in meta.graph_def.library.gradient}
    waiting, found = list(_roots(meta.object_graph_def)), set()
    while waiting:
        name = waiting.pop()
        if name in functions and name not in found:
            found.add(name)
            waiting += [*_calls(functions[name], functions), gradients.get(name, "")]
    return found


def _roots(objects: Any) -> Iterator[str]:
    yield from objects.concrete_functions
    for node in objects.nodes:
        yield from node.function.concrete_functions
        yield node.bare_concrete_function.concrete_function_name
        yield node.captured_tensor.concrete_function


def _strip(meta: Any) -> None:
    """Takes out what no object leads to, all nodes but constants, and the settings of former sessions."""
    graph, kept = meta.graph_def, _reached(meta)
    _keep(graph.library.function, lambda function: function.signature.name in kept)
    _keep(graph.library.gradient, lambda pair: {pair.function_name, pair.gradient_func} <= kept)
    _keep(graph.node, lambda node: node.op == "Const")
    meta.ClearField("saver_def")
    meta.ClearField("collection_def")
    for function in graph.library.function:
        for node in function.node_def:
            for name in _SESSION_SETTINGS:
                node.attr.pop(name, None)


def _keep(items: Any, wanted: Callable[[Any], bool]) -> None:
    for index in reversed(range(len(items))):
        if not wanted(items[index]):
            del items[index]


def _refuse_endless(library: Any, folder: Path) -> None:
    """Refuses functions that call themselves, and few that call one another to be more than any network.

    Without loops, a graph ends then after so many nodes.
    """
    functions = {function.signature.name: function for function in library.function}
    if len(functions) < len(library.function):
        raise ModelError(f"{folder / GRAPH_FILE} is damaged (two functions of one name): export the folder again")
    calls = {name: list(_calls(function, functions)) for name, function in functions.items()}
    try:
        order = list(TopologicalSorter(calls).static_order())
    except CycleError as error:
        raise ModelError(
            f"{folder} is not loaded: {error.args[1][0]} calls itself, which no classifier needs"
        ) from error
    sizes: dict[str, int] = {}
    for name in order:
        sizes[name] = len(functions[name].node_def) + sum(sizes[called] for called in calls[name])
        if sizes[name] > _MOST_NODES:
            raise ModelError(f"{folder} is not loaded: with all that it calls, {name} has over {_MOST_NODES:,} nodes")
