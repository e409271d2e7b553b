"""What is checked before a quantization starts, and said where the figures will not tell it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cnnkit.errors import ModelError, SpecError, UsageError
from cnnkit.export.graph import load_graph
from cnnkit.export.options import QuantizeOptions
from cnnkit.export.quantization.schemes import FLOAT32, SCHEMES, unlike_this_machine
from cnnkit.machine import EMULATED, describe_machine, free_memory
from cnnkit.runtime import read_spec_of
from cnnkit.sources import calibration_paths, has_trained
from cnnkit.spec import ModelSpec
from cnnkit.system import log

_QUANTIZED = {"QuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"}
_MEMORY = 1200 * 2**20  # bytes: sessions with their activations, images that judge, the program itself
_COPIES = 6  # of the float model: as it is, prepared, equalized, and as sessions


def check_scheme(options: QuantizeOptions) -> None:
    """Checks that there is such a scheme.

    Raises:
        UsageError: There is not.
    """
    names = [FLOAT32, "float16", *(scheme.name for scheme in SCHEMES)]
    if options.scheme is not None and options.scheme not in names[1:]:
        raise UsageError(f"--scheme {options.scheme} is not known, expected one of {', '.join(names[1:])}")


def spec_of_float(path: Path) -> ModelSpec:
    """Returns the spec of a float model after checking that it is one.

    Raises:
        ModelError: The file is no ONNX model, or quantized already.
        SpecError: It carries no spec.
    """
    spec = read_spec_of(path)
    graph = load_graph(path)
    operators = {node.op_type for node in graph.graph.node}
    said = spec is not None and spec.quantization is not None and spec.quantization.precision != "float32"
    if operators & _QUANTIZED or said:
        raise ModelError(f"{path} is quantized already, expected the float32 model that it was made from")
    if spec is None:
        raise SpecError(
            f"{path} carries no model spec, so how to prepare images for it is unknown: "
            "export the Keras model with cnnkit export, or say it with cnnkit stamp, which write it into the file"
        )
    return replace(spec, quantization=None)


def warn_beforehand(options: QuantizeOptions, spec: ModelSpec, images: int) -> None:
    """Says beforehand what the figures will not tell.

    Args:
        options: What is asked for.
        spec: The model's.
        images: Bytes that the calibration images take.
    """
    if options.data is None and has_trained(options.calibration, spec):
        log.warning(
            "images of %s trained the model, so the accuracies are flattered, though not their difference: "
            "name others with --data", options.calibration.name,
        )  # fmt: skip
    classes = {name for name in calibration_paths(options.calibration).values() if name}
    if not classes and options.calibration.name in spec.labels:
        classes = {options.calibration.name}  # the folder of one class alone
    if len(classes) == 1 and len(spec.labels) > 1:
        log.warning(
            "all calibration images are of %r, one of %d classes: ranges of the others are guessed; add images of them",
            *classes, len(spec.labels),
        )  # fmt: skip
    machine = describe_machine()
    if machine.emulated:
        log.warning("%s, and the choice rests on them", EMULATED)
    if unlike_this_machine(options.target, machine.instruction_sets, machine.architecture):
        log.warning("times are those of this CPU, which is no %s: measure on one with cnnkit bench", options.target)
    _warn_of_memory(options.model, images)


def _warn_of_memory(model: Path, images: int) -> None:
    """Says where the memory that is free will hardly do."""
    needed = _MEMORY + _COPIES * model.stat().st_size + images
    free = free_memory()
    if free is not None and free < needed:
        log.warning(
            "quantizing takes about %.1f GiB of memory, %.1f GiB are free: close other programs, or draw fewer images "
            "with --calibration-size", needed / 2**30, free / 2**30,
        )  # fmt: skip
