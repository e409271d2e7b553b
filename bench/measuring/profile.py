"""Where the time of an inference goes, node by node, after ONNX Runtime's own profiler."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnkit.report import from_fields
from cnnkit.runtime import OnnxClassifier, open_session

SHOWN = 10
_END = "_kernel_time"
_INTEGERS = {"int8", "uint8", "int16", "uint16"}
_CONVERSIONS = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}
_QUANTIZED_OPS = ("QLinear", "QGemm", "QAttention", "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul")
# They move data or change its type, in integers or floats alike: none of them could be quantized.
_MOVES = {
    "Cast", "Concat", "Expand", "Flatten", "Gather", "Identity", "Pad", "ReorderInput", "ReorderOutput", "Reshape",
    "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze",
}  # fmt: skip
Arithmetic = Literal["integer", "conversion", "float", "moves data"]


@dataclass(frozen=True)
class Node:
    """A node of the graph as it really runs, after the runtime's optimizations."""

    name: str
    op: str
    arithmetic: Arithmetic
    ms: float  # a run, on average
    share: float  # of the time of all nodes


@dataclass(frozen=True)
class Profile:
    """The nodes of a graph by their time. The profiler itself takes time, so the shares say more than the times."""

    runs: int
    total_ms: float  # a run, all nodes together
    integer_share: float  # of the time, in nodes that compute with integers
    conversion_share: float  # in nodes between integers and floats
    nodes: tuple[Node, ...]  # the most expensive ones
    float_nodes: tuple[str, ...]  # of a quantized graph: what computes in floats all the same, the slowest first


def profile_model(classifier: OnnxClassifier, images: NDArray[np.uint8], runs: int) -> dict[str, Any]:
    """Runs a model with the profiler on.

    Args:
        classifier: The model.
        images: (1, height, width, channels) uint8.
        runs: How often; as many again go before, for warming up.

    Returns:
        A `Profile` as plain values.
    """
    quantization = classifier.spec.quantization
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        session = open_session(
            classifier.path,
            threads=classifier.threads,
            provider=classifier.provider,
            precise_x64=quantization is not None and quantization.precise_x64,
            profile=Path(folder) / "profile",
        )
        images = np.repeat(images, classifier.fixed_batch or 1, axis=0)
        feed = {session.get_inputs()[0].name: classifier.input_tensor(images)}
        for _ in range(2 * runs):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return asdict(profile_of(events, runs))


def profile_of(events: Iterable[Mapping[str, Any]], runs: int) -> Profile:
    """Makes a profile of the profiler's events: of each node the last `runs` times count.

    Args:
        events: In the format of Chrome's tracing, durations in microseconds.
        runs: How often each node ran after the warm-up.
    """
    times: dict[str, list[float]] = {}
    facts: dict[str, tuple[str, Arithmetic]] = {}
    for event in events:
        if event.get("cat") != "Node" or not event["name"].endswith(_END):
            continue
        name = event["name"].removesuffix(_END)
        times.setdefault(name, []).append(event["dur"] / 1000)
        facts[name] = event["args"]["op_name"], arithmetic_of(event["args"])
    means = {name: float(np.mean(values[-runs:])) for name, values in times.items()}
    total = sum(means.values())
    nodes = [
        Node(name, *facts[name], means[name], means[name] / total if total else 0.0)
        for name in sorted(means, key=lambda name: -means[name])
    ]
    integers = sum(node.share for node in nodes if node.arithmetic == "integer")
    return Profile(
        runs=runs,
        total_ms=total,
        integer_share=integers,
        conversion_share=sum(node.share for node in nodes if node.arithmetic == "conversion"),
        nodes=tuple(nodes[:SHOWN]),
        float_nodes=tuple(node.name for node in nodes if node.arithmetic == "float") if integers else (),
    )


def arithmetic_of(node: Mapping[str, Any]) -> Arithmetic:
    """Returns what a node computes in, from its operator and the types of its first input and output."""
    op = node["op_name"]
    if op in _CONVERSIONS:
        return "conversion"
    if op.startswith(_QUANTIZED_OPS):
        return "integer"
    if op in _MOVES:
        return "moves data"
    taken, given = (_first_type(node.get(f"{side}_type_shape")) for side in ("input", "output"))
    return "integer" if taken in _INTEGERS and given in _INTEGERS else "float"


def _first_type(shapes: Any) -> str:
    """Returns the type of the first tensor in [{"uint8": [1, 32, 32, 3]}, ...]."""
    return next(iter(shapes[0])) if shapes else ""


def read_profile(fields: Mapping[str, Any]) -> Profile:
    """Returns the profile that `profile_model` gave as plain values."""
    nodes = tuple(from_fields(Node, node) for node in fields["nodes"])
    return from_fields(Profile, {**fields, "nodes": nodes, "float_nodes": tuple(fields["float_nodes"])})
