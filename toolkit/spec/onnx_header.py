"""Reads what an ONNX file says about itself without the onnx package: a walk over the protobuf fields that matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cnnkit.errors import ModelError
from cnnkit.spec.file_kinds import kind_of
from cnnkit.spec.strict import repeated
from cnnkit.system import read_regular

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_ORT_IDENTIFIER = b"ORTM"
_MOST_BYTES = 2**31 - 1  # of a protobuf message
_METADATA = 14  # field number in a model
_MAX_DEPTH = 100  # as protobuf's own limit for nested messages

# Message -> field number -> the message it holds; from onnx.proto, the fields that can lead to a tensor or a node.
_CHILDREN = {
    "model": {7: "graph", 8: "opset", _METADATA: "metadata", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},
}


@dataclass(frozen=True)
class GraphNode:
    """A node of a graph."""

    operator: str  # "Conv", without its domain
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class OnnxHeader:
    """What a file says about itself; numbers it does not give are None."""

    ir_version: int | None = None
    opset: int | None = None  # of the default domain
    metadata: dict[str, str] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()  # keys of the metadata that stand there more than once
    operators: Mapping[str, int] = field(default_factory=dict)  # how many of each, subgraphs and functions included
    ort_format: bool = False  # onnxruntime's own format, which says all of this to onnxruntime alone


def read_header(path: Path) -> OnnxHeader:
    """Reads the header of an ONNX file.

    Raises:
        ModelError: The file cannot be read, or is no ONNX model.
    """
    data = read_model_bytes(path)
    if is_ort_format(data):
        return OnnxHeader(ort_format=True)
    try:
        return _header(memoryview(data))
    except ValueError as error:
        raise ModelError(no_onnx(path, data, str(error))) from error


def no_onnx(path: Path, data: bytes, why: str) -> str:
    """Says that a file is no ONNX model, and what it is, or else why it cannot be read as one."""
    kind = kind_of(data)
    if kind is not None:
        return f"{path} is no ONNX model but {kind}"
    return f"{path} is no ONNX model, or is damaged ({why}): copy or export it again"


def is_ort_format(data: bytes) -> bool:
    """Whether bytes are a model in onnxruntime's own format, by the identifier of its FlatBuffers schema."""
    return data[4:8] == _ORT_IDENTIFIER


def external_locations(data: bytes) -> tuple[str, ...]:
    """Returns the file names in which an ONNX model says its tensors lie, in order.

    Args:
        data: A serialized ONNX model.

    Raises:
        ValueError: The bytes are no protobuf message.
    """
    if b"location" not in data:  # the key of every such entry, so there is none: the common case, at no cost
        return ()
    entries = (_entry(view) for kind, view in _walk("model", memoryview(data)) if kind == "external")
    return tuple(value for key, value in entries if key == "location")


def main_nodes(data: bytes) -> tuple[GraphNode, ...]:
    """Returns the nodes of an ONNX model's graph, those inside of branches and loops left out; none of other formats.

    Args:
        data: A serialized ONNX model.
    """
    if is_ort_format(data):
        return ()
    graphs = [value for number, value in _fields(memoryview(data)) if number == 7 and isinstance(value, memoryview)]
    nodes = (value for graph in graphs for number, value in _fields(graph) if number == 1)
    return tuple(
        GraphNode(_text(view, 4), _texts(view, 1), _texts(view, 2)) for view in nodes if isinstance(view, memoryview)
    )


def nodes_with_calls(data: bytes) -> int:
    """Returns how many nodes an ONNX model has with every call of its own functions replaced; 0 where it has none.

    Runtimes replace them all before they run a graph: forty short functions that call one another twice are more nodes
    than any memory holds.

    Args:
        data: A serialized ONNX model.

    Raises:
        ValueError: A function calls itself, or the bytes are no protobuf message.
    """
    parts = [(number, value) for number, value in _fields(memoryview(data)) if isinstance(value, memoryview)]
    functions = {_called(view, 10, 1, 13): _calls(view, "function") for number, view in parts if number == 25}
    if not functions:
        return 0
    from graphlib import CycleError, TopologicalSorter

    sizes: dict[str, int] = {}
    try:
        for name in TopologicalSorter(functions).static_order():
            sizes[name] = sum(sizes[called] for called in functions[name]) if name in functions else 1
    except CycleError as error:
        raise ValueError(f"its function {error.args[1][0]!r} calls itself") from error
    return sum(sizes.get(called, 1) for number, view in parts if number == 7 for called in _calls(view, "graph"))


def _calls(view: memoryview, kind: str) -> list[str]:
    """Returns what the nodes of a graph or function call, as often as they do."""
    return [_called(value, 7, 4, 8) for found, value in _walk(kind, view) if found == "node"]


def _called(view: memoryview, *numbers: int) -> str:
    """Returns domain, name and overload by the numbers of their fields."""
    return ":".join(_text(view, number) for number in numbers).strip(":")


def repeated_keys(data: memoryview) -> frozenset[str]:
    """Returns the keys that an ONNX model has more than once in its metadata, of which each reader takes another one.

    Args:
        data: A serialized ONNX model.

    Raises:
        ValueError: The bytes are no protobuf message.
    """
    keys = (_text(value, 1) for number, value in _fields(data) if number == _METADATA and isinstance(value, memoryview))
    return frozenset(repeated(keys))


def read_model_bytes(path: Path) -> bytes:
    """Reads a model file.

    Raises:
        ModelError: There is no such file, it is a folder, a Keras file, empty, of 2 GiB or more, or cannot be read.
    """
    if path.is_dir() or (path.suffix in (".keras", ".h5") and path.exists()):
        from shlex import quote

        what = "folder" if path.is_dir() else "Keras file"
        raise ModelError(
            f"{path} is a {what}, expected an .onnx file: cnnkit export {quote(str(path))} -o model.onnx makes one"
        )
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(
                f"{path} has {path.stat().st_size:,} bytes, and ONNX files end at 2 GiB: expected a smaller model"
            )
        data = read_regular(path)
    except FileNotFoundError as error:
        raise ModelError(f"there is no model file {path}: check the path") from error
    except OSError as error:
        raise ModelError(f"the model file {path} cannot be read: {error.strerror or error}") from error
    if not data:
        raise ModelError(f"{path} is empty, expected an ONNX model: copy or export it again")
    return data


def _header(data: memoryview) -> OnnxHeader:
    numbers = [value for number, value in _fields(data) if number == 1 and isinstance(value, int)]
    found = list(_walk("model", data))
    opsets = [_opset(view) for kind, view in found if kind == "opset"]
    return OnnxHeader(
        ir_version=numbers[-1] if numbers else None,
        opset=next((version for domain, version in opsets if domain in ("", "ai.onnx")), None),
        metadata=dict(_entry(view) for kind, view in found if kind == "metadata"),
        repeated=repeated_keys(data),
        operators=Counter(_operator(view) for kind, view in found if kind == "node"),
    )


def _operator(view: memoryview) -> str:
    """Returns "Conv" for ONNX's own operators, "com.microsoft.QLinearAdd" for others."""
    domain = _text(view, 7)
    return _text(view, 4) if domain in ("", "ai.onnx") else f"{domain}.{_text(view, 4)}"


def _opset(view: memoryview) -> tuple[str, int | None]:
    versions = [value for number, value in _fields(view) if number == 2 and isinstance(value, int)]
    return _text(view, 1), versions[-1] if versions else None


def _entry(view: memoryview) -> tuple[str, str]:
    return _text(view, 1), _text(view, 2)


def _text(view: memoryview, number: int) -> str:
    values = _texts(view, number)
    return values[-1] if values else ""


def _texts(view: memoryview, number: int) -> tuple[str, ...]:
    values = [bytes(value) for found, value in _fields(view) if found == number and isinstance(value, memoryview)]
    return tuple(value.decode("utf-8", "replace") for value in values)


def _walk(kind: str, view: memoryview, depth: int = 0) -> Iterator[tuple[str, memoryview]]:
    """Yields a message and all below it that `_CHILDREN` leads to, with the name of its kind."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"nested deeper than {_MAX_DEPTH} messages")
    yield kind, view
    children = _CHILDREN.get(kind)
    if children is None:
        return
    for number, value in _fields(view):
        if number in children and isinstance(value, memoryview):
            yield from _walk(children[number], value, depth + 1)


def _fields(view: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yields the number and value of each field of a message."""
    position, end = 0, len(view)
    while position < end:
        key, position = _varint(view, position)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ValueError("a field has the number 0")
        if wire == _VARINT:
            value, position = _varint(view, position)
            yield number, value
            continue
        if wire == _BYTES:
            size, position = _varint(view, position)
        elif wire in _FIXED_SIZES:
            size = _FIXED_SIZES[wire]
        else:
            raise ValueError(f"a field has the unknown wire type {wire}")
        if size > end - position:
            raise ValueError(f"the data ends {size - (end - position):,} bytes too early")
        yield number, view[position : position + size]
        position += size


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 70, 7):
        if position >= len(view):
            raise ValueError("the data ends within a number")
        byte = view[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
    raise ValueError("a number is longer than 10 bytes")
