"""`cnnkit stamp`: a spec for an ONNX file from elsewhere, of what its shapes settle and what the user says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cnnkit import __version__
from cnnkit.errors import ModelError, UsageError
from cnnkit.export.counting import multiply_adds
from cnnkit.export.foreign import are_fractions, are_probabilities, per_channel
from cnnkit.export.graphs import constants, load_graph
from cnnkit.export.labels import parse_labels
from cnnkit.export.options import InputFlags, StampOptions
from cnnkit.export.samples import generated_images
from cnnkit.export.writing import write_model
from cnnkit.extras import require
from cnnkit.files import check_new_file
from cnnkit.golden import encode_golden
from cnnkit.inspection import inspect_model
from cnnkit.model_facts import ModelFacts, TensorFacts
from cnnkit.runtime import OnnxClassifier
from cnnkit.spec import GraphFacts, InputSpec, ModelSpec, Provenance, Tolerance
from cnnkit.spec.fields import Output
from cnnkit.spec.reading import MAX_GOLDEN_IMAGES

_SEED = 0
# The file's own answers are recorded: other CPUs may round floats otherwise, and integers by a step.
_TOLERANCE, _QUANTIZED_TOLERANCE = 1e-4, 0.05


def stamp_model(options: StampOptions) -> ModelFacts:
    """Writes a spec into an ONNX file; what it computes is not changed.

    Args:
        options: The file, and what is said of it.

    Returns:
        What the stamped file holds.

    Raises:
        UsageError: Something that the file does not settle is not said, or is said otherwise than the file has it.
        ModelError: It is no classifier of one image, carries a spec already, or keeps its weights in other files.
        OutputError: The output exists already or cannot be written.
        MissingExtraError: onnx is not installed.
    """
    require("cnnkit stamp", "export", "onnx")
    check_new_file(options.output, overwrite=options.overwrite or options.output == options.model)
    facts = inspect_model(options.model)
    if facts.spec is not None:
        raise ModelError(f"{options.model} carries a spec already, expected one without: export it again")
    graph = load_graph(options.model)
    labels = _labels(options, facts)
    spec = ModelSpec(labels, _input(options, facts), graph=_graph_facts(graph, facts))
    answered = _answered(spec, options.model, quantized=facts.quantized)
    write_model(graph, answered, options.output)
    return inspect_model(options.output)


def _labels(options: StampOptions, facts: ModelFacts) -> tuple[str, ...]:
    if options.labels is None:
        raise UsageError(
            f"{options.model} does not say its class names: add --labels, a file of names or a,b,c in output order"
        )
    labels = parse_labels(options.labels)
    width = facts.outputs[0].shape[-1] if facts.outputs[0].shape else None
    if isinstance(width, int) and width != len(labels):
        raise UsageError(f"{options.model} gives {width} numbers an image and there are {len(labels)} labels")
    return labels


def _input(options: StampOptions, facts: ModelFacts) -> InputSpec:
    if len(facts.inputs) != 1:
        raise ModelError(f"{options.model} has {len(facts.inputs)} inputs, expected one: the image")
    taken, flags = facts.inputs[0], options.input
    if taken.dtype not in ("uint8", "float32"):
        raise ModelError(f"{options.model} takes {taken.dtype}, expected uint8 or float32")
    layout, height, width, channels = _image_shape(taken, flags, options.model)
    if flags.color is not None and (flags.color == "gray") != (channels == 1):
        raise UsageError(f"--color {flags.color} does not fit {options.model}, which takes {channels} channels")
    spec = InputSpec(
        height,
        width,
        channels,
        color=flags.color or ("gray" if channels == 1 else "rgb"),
        layout="nchw" if layout == "nchw" else "nhwc",
        resize=flags.resize or "squash",
        interpolation=flags.interpolation or "area",
    )
    return _scaled(spec, taken, flags, options.model)


def _scaled(spec: InputSpec, taken: TensorFacts, flags: InputFlags, path: Path) -> InputSpec:
    if taken.dtype == "uint8":
        if flags.says_scaling():
            raise UsageError(f"{path} takes uint8 pixels as they are: leave out --scale, --mean and --std")
        return spec
    if not flags.says_scaling():
        raise UsageError(
            f"how {path} wants its pixels is unknown: say --scale (1/255 for inputs from 0 to 1, 1 for 0 to 255), and "
            "--mean and --std where it has them"
        )
    return replace(
        spec,
        dtype="float32",
        scale=1.0 if flags.scale is None else flags.scale,
        mean=per_channel("--mean", flags.mean or (0.0,), spec.channels),
        std=per_channel("--std", flags.std or (1.0,), spec.channels),
    )


def _image_shape(taken: TensorFacts, flags: InputFlags, path: Path) -> tuple[str, int, int, int]:
    """Returns layout, height, width and channels."""
    shape = taken.shape
    first, last = (len(shape) == 4 and shape[axis] in (1, 3) for axis in (1, 3))
    if first == last:
        raise ModelError(
            f"{path} takes {shape}, expected (batch, height, width, channels) or (batch, channels, height, width) "
            "with 1 or 3 channels"
        )
    sizes = shape[2:] if first else shape[1:3]
    channels = shape[1] if first else shape[3]
    wanted = flags.size or (None, None)
    found = [size if isinstance(size, int) else want for size, want in zip(sizes, wanted, strict=True)]
    height, width = found
    if not isinstance(height, int) or not isinstance(width, int) or not isinstance(channels, int):
        raise UsageError(f"{path} does not say its input size: add --size HEIGHTxWIDTH")
    if flags.size is not None and flags.size != (height, width):
        raise UsageError(f"--size {wanted[0]}x{wanted[1]} does not fit {path}, which takes {height}x{width}")
    return ("nchw" if first else "nhwc"), height, width, channels


def _graph_facts(graph: Any, facts: ModelFacts) -> GraphFacts:
    numbers = sum(value.size for value in constants(graph).values() if value.dtype.kind == "f")
    return GraphFacts(int(numbers), multiply_adds(graph), facts.opset or 0, facts.ir_version or 0)


def _answered(spec: ModelSpec, path: Path, *, quantized: bool) -> ModelSpec:
    """Adds what the file answers here: whether it gives probabilities, and golden images."""
    images = generated_images(MAX_GOLDEN_IMAGES, spec.input, _SEED)
    raw = OnnxClassifier(path, spec=spec).probabilities(images)  # not taken for logits yet
    spec = replace(
        spec, output=_output_kind(raw, path), provenance=Provenance(__version__),
        tolerance=Tolerance(_QUANTIZED_TOLERANCE if quantized else _TOLERANCE, 0),
    )  # fmt: skip
    answers = OnnxClassifier(path, spec=spec).probabilities(images)
    return replace(spec, golden=encode_golden(images, answers, color=spec.input.color))


def _output_kind(values: Any, path: Path) -> Output:
    if are_probabilities(values):
        return "probabilities"
    if are_fractions(values):
        raise ModelError(f"{path} gives numbers from 0 to 1 that do not sum to 1, expected softmax or logits")
    return "logits"
