"""What the doctor found, as a table or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Literal

from cnnkit.doctor.examining import BundledFacts, Examination, OpenCVFacts
from cnnkit.doctor.wheels import describe_wheel
from cnnkit.machine import Machine, TensorFlowFacts
from cnnkit.report import print_json, print_table
from cnnkit.system import print_text

SCHEMA_VERSION = 1
Row = tuple[str, str]


def print_examination(found: Examination, style: Literal["table", "json"]) -> None:
    """Prints what was found on stdout."""
    if style == "json":
        print_json(examination_fields(found))
        return
    print_table(("what", "found"), list(_rows(found)))
    print_text()
    for line in found.advice:
        print_text(f"- {line}")


def examination_fields(found: Examination) -> dict[str, Any]:
    """Returns the findings as plain values."""
    machine = {**asdict(found.machine), "int8_dot_product": found.machine.int8_dot_product}
    extras = {extra or "base": versions for extra, versions in found.extras.items()}
    return {"schema_version": SCHEMA_VERSION, **asdict(found), "machine": machine, "extras": extras}


def _rows(found: Examination) -> Iterator[Row]:
    yield "cnnkit", f"{found.cnnkit}, Python {found.machine.python}"
    yield from _machine_rows(found.machine)
    for extra, versions in found.extras.items():
        listed = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
        yield f"extra {extra}" if extra else "base packages", listed
    yield "providers", "none, see below" if found.onnxruntime.error else ", ".join(found.onnxruntime.providers)
    yield "provider wheels", "; ".join(map(describe_wheel, found.onnxruntime.wheels)) or "unknown"
    yield "OpenCV", _opencv(found.opencv)
    yield "TensorFlow", _tensorflow(found.tensorflow)
    yield "cameras", ", ".join(found.cameras) or "none found"
    yield "bundled model", _bundled(found.bundled_model)


def _machine_rows(machine: Machine) -> Iterator[Row]:
    memory = "unknown" if machine.memory_bytes is None else f"{machine.memory_bytes / 1e9:.1f} GB"
    yield "system", f"{machine.os}, {machine.architecture}, {memory} memory"
    yield "CPU", f"{machine.cpu}, {machine.cores or 'unknown'} cores, {machine.threads} threads"
    yield "instruction sets", ", ".join(machine.instruction_sets) or "unknown"


def _opencv(facts: OpenCVFacts) -> str:
    if facts.error is not None:
        return "cannot be used, see below"
    build = "headless build, reads images and videos" if facts.gui is None else f"with windows ({facts.gui})"
    return build if facts.gui is None or facts.window is None else f"{build}, but none can be opened here"


def _tensorflow(facts: TensorFlowFacts | None) -> str:
    if facts is None:
        return "not installed (needed by train and export only)"
    if facts.error is not None:
        return f"cannot be used: {facts.error}"
    cuda = "with CUDA" if facts.built_with_cuda else "without CUDA"
    return f"{facts.version}, {cuda}, GPUs: {', '.join(gpu.name for gpu in facts.gpus) or 'none'}"


def _bundled(facts: BundledFacts) -> str:
    if facts.error is not None:
        return "not checked, see below"
    verdict = "answers as its original did" if facts.passed else "DIFFERS from its original"
    worst = f"worst difference {facts.max_probability_difference:.2g}"
    return f"{facts.name}: {verdict} on {facts.images} golden images ({worst})"
