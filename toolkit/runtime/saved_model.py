"""SavedModel folders of TensorFlow as Keras models; TensorFlow is imported on use only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnkit.errors import ModelError
from cnnkit.system import sha256

GRAPH_FILE = "saved_model.pb"
_USUAL = ("serving_default", "serve")
# A graph is a program. Of what it can do outside its own tensors, a classifier needs nothing.
_UNSAFE = frozenset({
    "ReadFile", "WriteFile", "MatchingFiles", "WholeFileReader", "WholeFileReaderV2", "TextLineReader",
    "TextLineReaderV2", "TFRecordReader", "TFRecordReaderV2", "FixedLengthRecordReader", "FixedLengthRecordReaderV2",
    "TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset", "PrintV2", "PyFunc", "PyFuncStateless",
    "EagerPyFunc", "RpcCall", "RpcClient", "RpcServer", "Save", "SaveSlices", "Restore", "RestoreSlice",
    "CreateSummaryFileWriter", "LookupTableImportV2", "InitializeTableFromTextFile", "InitializeTableFromTextFileV2",
})  # fmt: skip
_CHECKPOINTS = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints"})
_STRING = 7  # tensorflow.DataType


def is_saved_model(path: Path) -> bool:
    """Whether a path is a folder that holds a SavedModel."""
    return (path / GRAPH_FILE).is_file()


def saved_model_sha256(folder: Path) -> str:
    """Returns one SHA-256, hexadecimal, of the names and contents of a SavedModel's graph and variables."""
    files = [folder / GRAPH_FILE, *sorted((folder / "variables").glob("*"))]
    entries = [f"{path.relative_to(folder).as_posix()} {sha256(path)}" for path in files if path.is_file()]
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()


def load_saved_model(folder: Path, keras: Any) -> Any:
    """Loads a SavedModel as a Keras model around the one function that it serves.

    Args:
        folder: As `model.export` of Keras 3 or `model.save` of Keras 2 wrote it.
        keras: The module, on TensorFlow.

    Returns:
        A `keras.Model` whose layers cannot be told: it holds the function as one layer.

    Raises:
        ModelError: Its graph reads or writes files or runs Python, or it does not serve one function of one image.
    """
    if keras.backend.backend() != "tensorflow":
        raise ModelError(f"{folder} is a SavedModel, which only TensorFlow loads: set KERAS_BACKEND=tensorflow")
    name, taken = _signature(folder)
    image = keras.Input(taken.shape[1:], dtype=taken.dtype.name)
    output = keras.layers.TFSMLayer(str(folder), call_endpoint=name)(image)
    values = list(output.values()) if isinstance(output, dict) else [output]
    if len(values) != 1:
        raise ModelError(f"{folder}: {name} gives {len(values)} outputs, expected one: the classes")
    return keras.Model(image, values[0])


def _signature(folder: Path) -> tuple[str, Any]:
    """Returns the name of the served function and the TensorSpec of the image it takes."""
    import tensorflow as tf

    meta = _meta_graph(folder)
    served = {name: one for name, one in meta.signature_def.items() if not name.startswith("__")}
    name = next((name for name in _USUAL if name in served), next(iter(served), None))
    if name is None or (name not in _USUAL and len(served) > 1):
        raise ModelError(f"{folder} serves {', '.join(sorted(served)) or 'nothing'}, expected serving_default")
    inputs = list(served[name].inputs.values())
    if len(inputs) != 1:
        raise ModelError(f"{folder}: {name} takes {len(inputs)} inputs, expected one: the image")
    shape = tf.TensorShape(inputs[0].tensor_shape)
    if shape.rank != 4:
        raise ModelError(f"{folder}: {name} takes {shape}, expected (batch, height, width, channels)")
    return name, tf.TensorSpec(shape, inputs[0].dtype)


def _meta_graph(folder: Path) -> Any:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorflow.core.protobuf import saved_model_pb2

    content = saved_model_pb2.SavedModel()
    try:
        content.ParseFromString((folder / GRAPH_FILE).read_bytes())
    except (DecodeError, OSError) as error:
        raise ModelError(f"{folder / GRAPH_FILE} is damaged ({error}): copy or export the folder again") from error
    if len(content.meta_graphs) != 1 or not content.meta_graphs[0].HasField("object_graph_def"):
        raise ModelError(f"{folder} holds no single graph of TensorFlow 2: export it with Keras' model.export")
    meta = content.meta_graphs[0]
    unsafe = sorted(set(_unsafe(meta.graph_def)))
    if unsafe:
        raise ModelError(f"{folder} is not loaded: its graph holds {', '.join(unsafe)}, which no classifier needs")
    return meta


def _unsafe(graph: Any) -> Iterator[str]:
    """Yields the operators that reach beyond the graph.

    Checkpoints are read and written by functions of their own, which take the file's name, and which no other function
    calls: what is served takes an image alone, so it cannot call them with a name out of the file.
    """
    called = {name for function in graph.library.function for node in function.node_def for name in _calls(node)}
    yield from (node.op for node in graph.node if node.op in _UNSAFE)
    for function in graph.library.function:
        takes = function.signature.input_arg
        saver = takes and takes[0].type == _STRING and function.signature.name not in called
        refused = _UNSAFE if saver else _UNSAFE | _CHECKPOINTS
        yield from (node.op for node in function.node_def if node.op in refused)


def _calls(node: Any) -> Iterator[str]:
    """Yields the names of the functions that a node may call."""
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        yield from (function.name for function in value.list.func)
