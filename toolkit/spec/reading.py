"""Reads the model spec from JSON, strictly: unknown, missing and ill-typed fields are errors that name the field."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast, get_args

from cnnkit.errors import SpecError
from cnnkit.spec.fields import (
    INDEPENDENT,
    LARGEST_SIDE,
    SPEC_VERSION,
    Color,
    DatasetRecord,
    Dtype,
    GoldenImage,
    GraphFacts,
    InputSpec,
    Interpolation,
    Layout,
    ModelSpec,
    Output,
    Precision,
    Provenance,
    Quantization,
    Resize,
    Tolerance,
)
from cnnkit.spec.meanings import wrong_labels, wrong_scaling
from cnnkit.spec.strict import StrictObject, repeated

MAX_GOLDEN_IMAGES = 16
MAX_GOLDEN_BYTES = 256 * 1024
_ROUNDED = 0.02  # of a probability, as integers round it


def read_spec(text: str | bytes) -> ModelSpec:
    """Reads a spec.

    Args:
        text: The JSON text of a spec, or its bytes.

    Returns:
        The spec; `write_spec` of it gives the same fields back.

    Raises:
        SpecError: The text is no JSON, has unknown, missing, repeated or ill-typed fields, or is of another version.
    """
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"the model spec is no JSON ({error}): export the model again") from error
    top = StrictObject(data, "spec")
    version = _checked_version(top.integer("spec_version"))
    output = _output(top, version)
    spec = ModelSpec(
        labels=_labels(top, independent=output in INDEPENDENT),
        input=_input(top.object("input")),
        output=output,
        graph=_optional(top, "graph", _graph),
        tolerance=_tolerance(top.object("tolerance")),
        provenance=_optional(top, "provenance", _provenance),
        quantization=_optional(top, "quantization", _quantization),
        golden=tuple(_golden(item) for item in top.objects("golden", at_most=MAX_GOLDEN_IMAGES)),
    )
    if spec.independent:
        spec = replace(spec, limits=_limits(top, len(spec.labels)))
    top.close()
    _check_golden(spec)
    return spec


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Makes an object of its fields; JSON itself lets the last of two of a name win in silence."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = repeated(name for name, _ in pairs)[0]
        raise SpecError(f"the model spec says {twice!r} twice in one object: export the model again")
    return fields


def _checked_version(version: int) -> int:
    if version > SPEC_VERSION:
        raise SpecError(
            f"the model spec is version {version}, this cnnkit reads versions up to {SPEC_VERSION}: "
            f"install cnnkit {version}.0 or newer (pip install -U 'cnnkit>={version}.0')"
        )
    if version < 1:
        raise SpecError(f"the model spec says version {version}, expected 1 or more: export the model again")
    return version


def _output(top: StrictObject, version: int) -> Output:
    known = [kind for kind in get_args(Output) if version > 1 or kind not in INDEPENDENT]
    return cast(Output, top.choice("output", known))


def _limits(top: StrictObject, count: int) -> tuple[float, ...]:
    limits = top.numbers("limits", count=count)
    if not all(0 < limit < 1 for limit in limits):
        raise SpecError("spec.limits holds something that is not between 0 and 1")
    return limits


def _labels(top: StrictObject, *, independent: bool) -> tuple[str, ...]:
    labels = top.texts("labels")
    problem = wrong_labels(labels, independent=independent)
    if problem is not None:
        raise SpecError(f"spec.labels {problem}")
    return labels


def _input(item: StrictObject) -> InputSpec:
    dtype: Dtype = _choice(item, "dtype", Dtype)
    channels = item.integer("channels", minimum=1)
    color: Color = _choice(item, "color", Color)
    if channels != (1 if color == "gray" else 3):
        raise SpecError(
            f"{item.where} has {channels} channels and colour {color!r}, expected gray with 1, rgb or bgr with 3"
        )
    spec = InputSpec(
        height=item.integer("height", minimum=1, maximum=LARGEST_SIDE),
        width=item.integer("width", minimum=1, maximum=LARGEST_SIDE),
        channels=channels,
        color=color,
        layout=_choice(item, "layout", Layout),
        dtype=dtype,
        resize=_choice(item, "resize", Resize),
        interpolation=_choice(item, "interpolation", Interpolation),
        **_standardisation(item, channels) if dtype != "uint8" else {},
    )
    item.close()
    return spec


def _standardisation(item: StrictObject, channels: int) -> dict[str, Any]:
    scale = item.number("scale")
    mean, std = item.numbers("mean", count=channels), item.numbers("std", count=channels)
    problem = wrong_scaling(scale, mean, std)
    if problem is not None:
        raise SpecError(f"{item.where}.{problem}")
    return {"scale": scale, "mean": mean, "std": std}


def _graph(item: StrictObject) -> GraphFacts:
    names = ("parameters", "multiply_adds", "opset", "ir_version")
    facts = GraphFacts(*(item.integer(name, minimum=0) for name in names))
    item.close()
    return facts


def _tolerance(item: StrictObject) -> Tolerance:
    difference = item.number("max_probability_difference")
    if not 0 <= difference <= 1:
        raise SpecError(f"{item.where}.max_probability_difference is {difference:g}, expected 0 to 1")
    changes = item.integer("max_label_changes", minimum=0, maximum=MAX_GOLDEN_IMAGES)
    item.close()
    return Tolerance(difference, changes)


def _dataset(item: StrictObject) -> DatasetRecord:
    record = DatasetRecord(item.text("name"), item.counts("images"), item.text("fingerprint"))
    item.close()
    return record


def _provenance(item: StrictObject) -> Provenance:
    provenance = Provenance(
        cnnkit_version=item.text("cnnkit_version"),
        architecture=item.text_or_none("architecture"),
        recipe=item.text_or_none("recipe"),
        seed=item.integer_or_none("seed"),
        dataset=_optional(item, "dataset", _dataset),
        keras_sha256=item.text_or_none("keras_sha256"),
        original_input=_optional(item, "original_input", _input),
        metrics=item.figures("metrics"),
    )
    item.close()
    return provenance


def _quantization(item: StrictObject) -> Quantization:
    quantization = Quantization(
        scheme=item.text("scheme"),
        calibration_images=item.integer("calibration_images", minimum=0),
        calibration_fingerprint=item.text("calibration_fingerprint"),
        cpu=item.text("cpu"),
        evaluation=item.figures("evaluation"),
        latency=item.figures("latency"),
        **_decision(item) if item.has("decision") else {},
    )
    item.close()
    return quantization


def _decision(item: StrictObject) -> dict[str, Any]:
    """Returns what files have whose quantization was chosen among candidates."""
    candidates = item.object("candidates")
    return {
        "precision": _choice(item, "precision", Precision),
        "precise_x64": item.truth("precise_x64"),
        "target": item.text("target"),
        "decision": item.text("decision"),
        "candidates": {name: candidates.figures(name) for name in candidates.names()},
    }


def _golden(item: StrictObject) -> GoldenImage:
    image = GoldenImage(item.base64("png"), item.numbers("probabilities"))
    item.close()
    return image


def _check_golden(spec: ModelSpec) -> None:
    size = sum(len(image.png) for image in spec.golden)
    if size > MAX_GOLDEN_BYTES:
        raise SpecError(f"spec.golden holds {size:,} bytes of images, expected at most {MAX_GOLDEN_BYTES:,}")
    for index, image in enumerate(spec.golden):
        where = f"spec.golden[{index}]"
        if len(image.probabilities) != len(spec.labels):
            raise SpecError(f"{where} has {len(image.probabilities)} probabilities for {len(spec.labels)} labels")
        if not all(-_ROUNDED <= value <= 1 + _ROUNDED for value in image.probabilities):
            raise SpecError(f"{where}.probabilities holds something that is not from 0 to 1")


def _choice(item: StrictObject, key: str, choices: Any) -> Any:
    return item.choice(key, get_args(choices))


def _optional(item: StrictObject, key: str, read: Any) -> Any:
    child = item.object_or_none(key)
    return None if child is None else read(child)
