"""SavedModels that try to do more than compute: made by TensorFlow itself, or edited after it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hostile_effects import effects

SIZE = 12


def answer(image: Any) -> Any:
    """Returns what looks like a classifier's three probabilities."""
    import tensorflow as tf

    return tf.nn.softmax(tf.reduce_mean(image, (1, 2)))


def save(folder: Path, call: Callable[[Any], Any], **members: Any) -> Path:
    """Saves a function of one image as a SavedModel of a module with some members."""
    import tensorflow as tf

    module = tf.Module()
    for name, member in members.items():
        setattr(module, name, member)
    module.call = tf.function(call, input_signature=[tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.call})
    return folder


def edit(folder: Path, change: Callable[[Any], None]) -> Path:
    """Changes the graph of a SavedModel."""
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / "saved_model.pb"
    content = saved_model_pb2.SavedModel()
    content.ParseFromString(path.read_bytes())
    change(content)
    path.write_bytes(content.SerializeToString())
    return folder


def _after(effect: Callable[[Any, str], object]) -> Callable[[Path, str], Path]:
    """Returns what saves a classifier that does something with a path before it answers."""
    import tensorflow as tf

    def build(folder: Path, victim: str) -> Path:
        def call(image: Any) -> Any:
            done = effect(answer(image), victim)
            after = [item for item in (done if isinstance(done, tuple) else (done,)) if item is not None]
            with tf.control_dependencies([getattr(item, "op", item) for item in after]):
                return answer(image)

        return save(folder, call)

    return build


def _in_loop(folder: Path, victim: str) -> Path:
    import tensorflow as tf

    def call(image: Any) -> Any:
        def body(number: Any) -> tuple[Any]:
            tf.io.write_file(victim, "x")
            return (number + 1,)

        tf.while_loop(lambda number: number < tf.shape(image)[0], body, [0])
        return answer(image)

    return save(folder, call)


def _in_branch(folder: Path, victim: str) -> Path:
    import tensorflow as tf

    def call(image: Any) -> Any:
        def write() -> Any:
            tf.io.write_file(victim, "x")
            return answer(image)

        return tf.cond(tf.reduce_sum(image) > 7, write, lambda: answer(image))

    return save(folder, call)


def _in_functions(folder: Path, victim: str) -> Path:
    import tensorflow as tf

    @tf.function
    def inner(image: Any) -> Any:
        tf.io.write_file(victim, "x")
        return answer(image)

    outer = tf.function(lambda image: inner(image) + 0)
    return save(folder, lambda image: outer(image))


def _in_initializer(folder: Path, victim: str) -> Path:
    import tensorflow as tf
    from tensorflow.python.trackable import resource

    class Table(resource.TrackableResource):
        def _create_resource(self) -> Any:
            return tf.raw_ops.HashTableV2(key_dtype=tf.int64, value_dtype=tf.int64)

        def _initialize(self) -> None:
            tf.io.write_file(victim, "x")

    table = Table()

    def call(image: Any) -> Any:
        sizes = tf.raw_ops.LookupTableSizeV2(table_handle=table.resource_handle)
        return answer(image) + 0 * tf.cast(sizes, tf.float32)

    return save(folder, call, table=table)


def _in_gradient(folder: Path, victim: str) -> Path:
    import tensorflow as tf

    @tf.custom_gradient
    def bent(image: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            tf.io.write_file(victim, "x")
            return upstream

        return tf.identity(image), gradient

    module = tf.Module()
    module.call = tf.function(
        lambda image: answer(bent(image)), input_signature=[tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)]
    )
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.call}, options=options)
    return folder


def _with_table_of_a_file(folder: Path, victim: str) -> Path:
    import tensorflow as tf

    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(victim, tf.string, 0, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER), -1
    )
    return save(folder, lambda image: answer(image) + 0 * tf.cast(table.size(), tf.float32), table=table)


def _asset_elsewhere(folder: Path, victim: str) -> Path:
    import tensorflow as tf

    def change(content: Any) -> None:
        content.meta_graphs[0].asset_file_def[0].filename = "../" + Path(victim).name

    return edit(save(folder, answer, asset=tf.saved_model.Asset(victim)), change)


def _edited(change: Callable[[Any, Any, str], None]) -> Callable[[Path, str], Path]:
    """Returns what saves a harmless classifier and then changes its graph and the function that answers."""

    def build(folder: Path, victim: str) -> Path:
        def apply(content: Any) -> None:
            graph = content.meta_graphs[0].graph_def
            (function,) = (one for one in graph.library.function if any(node.op == "Softmax" for node in one.node_def))
            change(content, function, victim)

        return edit(save(folder, answer), apply)

    return build


def _add_node(nodes: Any, op: str, **functions: str) -> None:
    node = nodes.add(name=f"added_{op}", op=op)
    for attribute, name in functions.items():
        node.attr[attribute].func.name = name


def _call_an_operator(content: Any, function: Any, victim: str) -> None:
    _add_node(function.node_def, "StatefulPartitionedCall", f="WriteFile")


def _named_deep_inside(content: Any, function: Any, victim: str) -> None:
    _add_node(function.node_def, "StatefulPartitionedCall", f=function.signature.name)
    function.node_def[-1].attr["f"].func.attr["g"].func.name = "ReadFile"


def _function_named_as_an_operator(content: Any, function: Any, victim: str) -> None:
    content.meta_graphs[0].graph_def.library.function.add().signature.name = "WriteFile"


def _in_second_graph(content: Any, function: Any, victim: str) -> None:
    _add_node(content.meta_graphs.add().graph_def.node, "WriteFile")


def _in_main_graph(content: Any, function: Any, victim: str) -> None:
    _add_node(content.meta_graphs[0].graph_def.node, "WriteFile")


def _in_saver(content: Any, function: Any, victim: str) -> None:
    functions = content.meta_graphs[0].graph_def.library.function
    (saver,) = (one for one in functions if any(node.op == "SaveV2" for node in one.node_def))
    _add_node(saver.node_def, "WriteFile")


def _saver_called(content: Any, function: Any, victim: str) -> None:
    functions = content.meta_graphs[0].graph_def.library.function
    (saver,) = (one.signature.name for one in functions if any(node.op == "SaveV2" for node in one.node_def))
    _add_node(function.node_def, "StatefulPartitionedCall", f=saver)


def _calls_itself(content: Any, function: Any, victim: str) -> None:
    _add_node(function.node_def, "StatefulPartitionedCall", f=function.signature.name)


def _doubles(content: Any, function: Any, victim: str) -> None:
    called = ""
    for index in range(60):
        one = content.meta_graphs[0].graph_def.library.function.add()
        one.signature.name = f"double_{index}"
        for _ in range(2):
            _add_node(
                one.node_def, *(("PartitionedCall",) if called else ("NoOp",)), **({"f": called} if called else {})
            )
        called = one.signature.name
    _add_node(function.node_def, "PartitionedCall", f=called)


def _over_the_network(content: Any, function: Any, victim: str) -> None:
    _add_node(function.node_def, "RpcClient")
    _add_node(function.node_def, "RpcCall")


def _of_a_custom_library(content: Any, function: Any, victim: str) -> None:
    _add_node(function.node_def, "TheirOwnOperator")


def hostile_models() -> dict[str, tuple[Callable[[Path, str], object], str]]:
    """Returns name -> what makes such a folder of a path that it would touch, and what the refusal says."""
    made = {name: (_after(effect), f"its graph holds {said}") for name, (effect, said) in effects().items()}
    return {
        **made,
        "cache": (made["cache"][0], "its graph holds CacheDatasetV2, DummyMemoryCache, ReduceDataset, TensorDataset"),
        "summary": (made["summary"][0], "its graph holds CreateSummaryFileWriter, SummaryWriter"),
        "in a loop": (_in_loop, "its graph holds WriteFile"),
        "in a branch": (_in_branch, "its graph holds WriteFile"),
        "in a function of a function": (_in_functions, "its graph holds WriteFile"),
        "in an initializer": (_in_initializer, "its graph holds WriteFile"),
        "in a gradient": (_in_gradient, "its graph holds WriteFile"),
        "table of a file": (_with_table_of_a_file, "its graph holds InitializeTableFromTextFileV2"),
        "asset elsewhere": (_asset_elsewhere, "it reads further files (assets)"),
        "an operator called as a function": (_edited(_call_an_operator), "its graph holds WriteFile"),
        "a function named deep inside": (_edited(_named_deep_inside), "its graph holds ReadFile"),
        "a function named as an operator": (_edited(_function_named_as_an_operator), "its graph holds WriteFile"),
        "in a second graph": (_edited(_in_second_graph), "its graph holds WriteFile"),
        "in the main graph": (_edited(_in_main_graph), "its graph holds WriteFile"),
        "in the saver": (_edited(_in_saver), "its graph holds WriteFile"),
        "the saver called": (_edited(_saver_called), "its graph holds MergeV2Checkpoints, SaveV2"),
        "calls itself": (_edited(_calls_itself), "calls itself"),
        "doubles sixty times": (_edited(_doubles), "has over 1,000,000 nodes"),
        "a call over the network": (_edited(_over_the_network), "its graph holds RpcCall, RpcClient"),
        "an operator nobody knows": (_edited(_of_a_custom_library), "its graph holds TheirOwnOperator"),
        "weights linked to elsewhere": (partial(_weights_elsewhere, kind="link"), "lies outside its own folder"),
        "weights that are a pipe": (partial(_weights_elsewhere, kind="pipe"), "is no regular file"),
    }


def _weights_elsewhere(folder: Path, victim: str, *, kind: str) -> Path:
    import os

    save(folder, answer)
    path = folder / "variables" / "variables.data-00000-of-00001"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(victim)
    return folder
