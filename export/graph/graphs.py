"""What several steps need of an ONNX graph: loading and saving whole, constants, producers, shapes, renaming."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ModelError
from cnnkit.spec import METADATA_KEY, ModelSpec, is_ort_format, read_model_bytes, write_spec

_MOST_BYTES = 2**31 - 1  # of a protobuf message


def load_whole(path: Path) -> Any:
    """Loads an onnx.ModelProto with the weights that it keeps in files beside it, which `open_session` has looked at.

    Raises:
        ModelError: The file is no ONNX model, or its weights cannot be read, or are too large for one file.
    """
    import onnx

    model = load_graph(path, outside=True)
    try:
        onnx.load_external_data_for_model(model, os.fspath(path.parent))
    except Exception as error:  # onnx raises whatever its checks and readers raise
        raise ModelError(f"the weights beside {path} cannot be read ({error}): copy them again") from error
    if model.ByteSize() > _MOST_BYTES:
        raise ModelError(f"{path} has {model.ByteSize():,} bytes with its weights, and ONNX files end at 2 GiB")
    return model


def load_graph(path: Path, *, outside: bool = False) -> Any:
    """Loads an onnx.ModelProto.

    Args:
        path: The file.
        outside: Whether weights may be in other files, which are not read then.

    Raises:
        ModelError: The file is no ONNX model, or keeps its weights in other files where it may not.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    data = read_model_bytes(path)
    if is_ort_format(data):
        raise ModelError(f"{path} is in onnxruntime's own format, expected the .onnx file that it was made from")
    try:
        model = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise ModelError(f"{path} is no ONNX model, or is damaged: copy or export it again") from error
    if not outside and any(onnx.external_data_helper.uses_external_data(tensor) for tensor in model.graph.initializer):
        raise ModelError(f"{path} keeps its weights in other files, expected them inside: save it as one file")
    return model


def save_with_spec(model: Any, spec: ModelSpec, path: Path) -> None:
    """Writes a model with its spec, and no other spec, in its metadata."""
    import onnx

    stamped = onnx.ModelProto()
    stamped.CopyFrom(model)
    del stamped.metadata_props[:]
    stamped.metadata_props.add(key=METADATA_KEY, value=write_spec(spec))
    onnx.save(stamped, path)


def constants(model: Any) -> dict[str, NDArray[Any]]:
    """Returns the values of all initializers by name."""
    from onnx import numpy_helper

    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def add_constant(model: Any, name: str, value: NDArray[Any]) -> str:
    """Adds an initializer and returns its name."""
    from onnx import numpy_helper

    model.graph.initializer.append(numpy_helper.from_array(value, name))
    return name


def attributes(node: Any) -> dict[str, Any]:
    """Returns the values of a node's attributes by name; texts are bytes."""
    from onnx import helper

    return {one.name: helper.get_attribute_value(one) for one in node.attribute}


def producers(model: Any) -> dict[str, Any]:
    """Returns the node that makes each tensor; inputs and constants have none."""
    return {name: node for node in model.graph.node for name in node.output}


def consumers(model: Any) -> dict[str, list[Any]]:
    """Returns the nodes that take each tensor."""
    found: dict[str, list[Any]] = {}
    for node in model.graph.node:
        for name in node.input:
            found.setdefault(name, []).append(node)
    return found


def static_shapes(model: Any, batch: int) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of all tensors that can be told when `batch` images run together."""
    import onnx

    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    del fixed.graph.value_info[:]
    weights = {tensor.name for tensor in fixed.graph.initializer}  # among the inputs, too, where a file is of IR 3
    for value in fixed.graph.input:
        if value.name not in weights:
            value.type.tensor_type.shape.dim[0].dim_value = batch
    for value in fixed.graph.output:
        value.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(fixed, data_prop=True).graph
    values = (*inferred.input, *inferred.value_info, *inferred.output)
    known = {value.name: _shape(value) for value in values}
    known.update({tensor.name: tuple(tensor.dims) for tensor in inferred.initializer})
    return {name: shape for name, shape in known.items() if shape is not None}


def remove_unused(model: Any) -> None:
    """Removes nodes and constants that no output depends on."""
    needed = {value.name for value in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    tensors = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
    del model.graph.initializer[:]
    model.graph.initializer.extend(tensors)


def keep_output(model: Any, name: str) -> None:
    """Leaves one output of a graph, and what it depends on; of a graph with branches or loops, all nodes."""
    kept = [value for value in model.graph.output if value.name == name]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    if not has_branches(model):
        remove_unused(model)


def has_branches(model: Any) -> bool:
    """Whether nodes of a graph hold graphs of their own, as branches and loops do."""
    return any(attribute.HasField("g") for node in model.graph.node for attribute in node.attribute)


def rename_tensors(model: Any, names: Mapping[str, str]) -> None:
    """Gives tensors other names, wherever they occur; the graph's inputs and outputs keep theirs."""
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for tensor in model.graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)


def _shape(value: Any) -> tuple[int, ...] | None:
    tensor = value.type.tensor_type
    if not tensor.HasField("shape") or not all(dim.HasField("dim_value") for dim in tensor.shape.dim):
        return None
    return tuple(dim.dim_value for dim in tensor.shape.dim)


def scalar(values: Mapping[str, NDArray[Any]], name: str) -> float | None:
    """Returns the one number that a constant holds; None where it is no constant or holds more."""
    value = values.get(name)
    return float(np.asarray(value).flat[0]) if value is not None and value.size == 1 else None
