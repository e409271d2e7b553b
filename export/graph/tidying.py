"""Makes a converted graph small and readable without changing what it computes."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from cnnkit import __version__
from cnnkit.errors import ModelError
from cnnkit.export.graph.affine_folding import fold_affines
from cnnkit.export.graph.compatibility import ir_version_for, opset_of
from cnnkit.export.graph.graphs import add_constant, load_graph, remove_unused, rename_tensors, static_shapes
from cnnkit.export.graph.input_folding import fold_input
from cnnkit.runtime import import_onnxruntime, runtime_errors, short_reason

BATCH_NAME = "batch"

_PARAMETER_NAMES = {
    "Conv": ("", "weight", "bias"),
    "ConvTranspose": ("", "weight", "bias"),
    "Gemm": ("", "weight", "bias"),
    "MatMul": ("", "weight"),
    "PRelu": ("", "slope"),
}


def tidy(model: Any) -> Any:
    """Folds constants and batch normalisation, replaces shape arithmetic, and names things.

    Args:
        model: An onnx.ModelProto of one input and one output; it is changed.

    Returns:
        An equal model with its opset alone, the IR version of that, and a batch dimension named "batch".
    """
    plain, opset = not _has_subgraphs(model), opset_of(model)
    name_batch(model)
    if plain:
        fix_reshapes(model)
    model = _only_standard(fold(model), model)
    if plain:
        fold_input(model)
        fold_affines(model)
    name_batch(model)
    if plain:
        rename(model)
    set_versions(model, opset)
    return model


def _has_subgraphs(model: Any) -> bool:
    """Whether there are branches or loops, whose inner graphs take tensors of the outer one by name."""
    return any(attribute.HasField("g") for node in model.graph.node for attribute in node.attribute)


def name_batch(model: Any) -> None:
    """Names the first dimension of input and output; tf2onnx gives it a new number each time."""
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH_NAME


def fix_reshapes(model: Any) -> None:
    """Gives every Reshape a constant target where only the batch is dynamic.

    tf2onnx computes the target from the running shape, with five nodes for a Flatten layer.
    """
    two, three = static_shapes(model, 2), static_shapes(model, 3)
    fixed = {tensor.name for tensor in model.graph.initializer}
    for index, node in enumerate(model.graph.node):
        if node.op_type != "Reshape" or node.input[1] in fixed:
            continue
        small, large = two.get(node.output[0]), three.get(node.output[0])
        if small and large and small[1:] == large[1:] and small[0] * 3 == large[0] * 2:
            target = np.array([-1, *small[1:]], np.int64)
            node.input[1] = add_constant(model, f"reshape_target_{index}", target)
    remove_unused(model)


def fold(model: Any) -> Any:
    """Returns the model after onnxruntime's basic optimization, which folds constants and batch normalisation exactly.

    Raises:
        ModelError: onnxruntime cannot load the model.
    """
    import onnx

    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4  # what goes wrong is raised
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
        onnx.save(model, before)
        options.optimized_model_filepath = str(after)
        try:
            onnxruntime.InferenceSession(str(before), options, providers=["CPUExecutionProvider"])
        except runtime_errors() as error:
            raise ModelError(f"onnxruntime cannot load the converted graph: {short_reason(str(error))}") from error
        return load_graph(after)


def _only_standard(folded: Any, model: Any) -> Any:
    """Returns `folded` unless onnxruntime put operators of its own into it."""
    return model if any(node.domain for node in folded.graph.node) else folded


def set_versions(model: Any, opset: int) -> None:
    """Sets the opset, its IR version and the producer, and drops what optimizers and quantizers wrote beside them."""
    del model.opset_import[:]
    model.opset_import.add(domain="", version=opset)
    for domain in sorted({node.domain for node in model.graph.node} - {"", "ai.onnx"}):
        model.opset_import.add(domain=domain, version=1)  # onnxruntime's own operators
    model.ir_version = ir_version_for(opset)
    model.producer_name, model.producer_version = "cnnkit", __version__
    model.graph.name = "cnnkit"
    model.graph.doc_string = model.doc_string = ""
    del model.graph.value_info[:]


def rename(model: Any) -> None:
    """Names nodes and their outputs after the operator ("conv_3"), parameters after the node ("conv_3.weight").

    The converter's names are those of whatever node was folded into another last.
    """
    counts: Counter[str] = Counter()
    names = {value.name: value.name for value in (*model.graph.input, *model.graph.output)}
    parameters = {tensor.name for tensor in model.graph.initializer}
    for node in model.graph.node:
        kind = node.op_type.lower()
        counts[kind] += 1
        node.name, node.doc_string = f"{kind}_{counts[kind]}", ""
        for index, tensor in enumerate(node.output):
            names.setdefault(tensor, node.name if index == 0 else f"{node.name}.{index}")
        for index, tensor in enumerate(node.input):
            if tensor in parameters:
                names.setdefault(tensor, f"{node.name}.{_role(node.op_type, index)}")
    rename_tensors(model, names)


def _role(operator: str, index: int) -> str:
    roles = _PARAMETER_NAMES.get(operator, ())
    return roles[index] if index < len(roles) and roles[index] else f"constant_{index}"
