"""`cnnkit verify --original`: where, between an image file and its label, a model file parts from the original."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import class_probabilities
from cnnkit.errors import ModelError, ParityError, SourceError
from cnnkit.export.conversion import convert
from cnnkit.export.exporting import TOLERANCE
from cnnkit.export.graph import save_with_spec, tidy
from cnnkit.export.original import Original, load_again
from cnnkit.export.parity import DO_NOT_VARY, LOGIT_TOLERANCE, logit_difference, parity_images
from cnnkit.export.verification.causes import why_answers_differ
from cnnkit.export.verification.labels import labels_stage
from cnnkit.export.verification.pictures import Picture, decoding_stage, read_pictures, resizing_stage
from cnnkit.images import prepare_batch
from cnnkit.measuring import Limits, Stage, decided, stage_of
from cnnkit.runtime import (
    OnnxClassifier,
    answer_in_parts,
    ceiling_of,
    check_golden,
    decode_golden,
    golden_stage,
    keras_sha256,
    likely_changes,
)
from cnnkit.sources import is_listed, list_test_images
from cnnkit.spec import InputSpec, ModelSpec

MOST_IMAGES = 256
_LEAST_AGREEMENT = 0.96  # of labels, where a precision rounds
_SEED = 0
_GOLDEN = "golden"

Probabilities = NDArray[np.float32]


def climb(file: OnnxClassifier, source: Path | None, data: Path | None, *, strict: bool = False) -> tuple[Stage, ...]:
    """Compares a model file with the Keras model it was made from, one stage after the other.

    Args:
        file: The model file.
        source: The original: a Keras file or its run folder; None leaves the stages out that need it.
        data: A folder of images; None takes the golden ones and others made of them, which leaves out the stages that
            begin with a file.
        strict: Stops at the first of these images that cannot be used, rather than leaving it out.

    Returns:
        The stages, from the image to the label.

    Raises:
        SourceError: There is no such folder, or no image in it.
        DataError: None of the images can be used, or, with `strict`, one cannot.
        ModelError: The original cannot be loaded, or does not have the file's labels.
        MissingExtraError: What the original needs is not installed.
    """
    original = None if source is None else load_again(source, file.spec, "cnnkit verify --original")
    stages: list[Stage | None] = []
    pictures: tuple[Picture, ...] = ()
    if file.spec.golden:
        result = check_golden(file, file.spec)
        stages.append(replace(golden_stage(_GOLDEN, result), cause=result.cause))
    if data is None:
        golden = decode_golden(file.spec) if file.spec.golden else _no_images(file.spec.input)
        images = parity_images(golden, file.spec.input)
    else:
        pictures = read_pictures(_paths(data), file.spec.input, strict=strict)
        wanted = file.spec.input if original is None else _pixels_of(original.spec.input, file.spec.input)
        stages.append(decoding_stage(pictures, file.spec.input, file.probabilities))
        stages.append(resizing_stage(pictures, wanted, file.probabilities))
        images = np.stack([picture.resized for picture in pictures])
    if original is not None:
        stages += _model_stages(file, original, images)
    if pictures and not file.spec.independent:
        paths = [picture.path for picture in pictures]
        stages.append(labels_stage(paths, file.probabilities(images), file.spec.labels))
    return tuple(stage for stage in stages if stage is not None)


def require_parity(stages: tuple[Stage, ...]) -> None:
    """Checks that all stages passed.

    Raises:
        ParityError: One did not; the first one is named that says where, which golden images do not.
    """
    wrong = sorted((stage for stage in stages if not stage.passed), key=lambda stage: stage.name == _GOLDEN)
    if wrong:
        failed = wrong[0]
        cause = failed.cause or "what causes it is not known"
        raise ParityError(f"the answers part at the stage {failed.name!r}: {cause}; do not use this file as it is")


def _paths(data: Path) -> list[Path]:
    """Draws files from a folder or list: of its test images where it has some."""
    if not data.is_dir() and not is_listed(data):
        raise SourceError(f"--data {data}: no such folder, expected a folder of images, or a list of files and labels")
    paths = list_test_images(data)
    if not paths:
        raise SourceError(f"--data {data} holds no image")
    drawn = np.random.default_rng(_SEED).permutation(len(paths))[:MOST_IMAGES]
    return [paths[index] for index in sorted(drawn)]


def _pixels_of(wanted: InputSpec, taken: InputSpec) -> InputSpec:
    """Returns a spec of bytes: how the original wants its images resized, in its own order of colours."""
    return replace(
        taken, color=wanted.color, channels=wanted.channels, resize=wanted.resize, interpolation=wanted.interpolation
    )


def _model_stages(file: OnnxClassifier, original: Original, images: NDArray[np.uint8]) -> list[Stage | None]:
    """Returns the stages from pixels to labels."""
    expected, limits = original.probabilities(images), file.spec.label_limits
    answers = file.probabilities(images)
    tensor = np.asarray(prepare_batch(images, original.spec.input), np.float32)
    why = why_answers_differ(lambda inputs: _call(original, inputs), tensor, answers)
    stages = [
        stage_of("normalisation", expected, answers, passed=why is None, cause=why or "", limits=limits),
        _golden_of_keras(original, file.spec),
    ]
    precision = file.spec.quantization.precision if file.spec.quantization else "float32"
    if precision == "float32":
        return [*stages, _exact("float32", expected, answers, limits)]
    fresh = _exported(original, file.spec, images)
    return [*stages, _exact("float32", expected, fresh, limits), _rounded(precision, file, fresh, answers, images)]


def _golden_of_keras(original: Original, spec: ModelSpec) -> Stage | None:
    """Compares what Keras answers to the golden images here with what the file says that it answered."""
    if not spec.golden:
        return None
    recorded = np.array([image.probabilities for image in spec.golden], np.float32)
    answers = original.probabilities(decode_golden(spec))
    passed = float(np.abs(answers - recorded).max()) <= TOLERANCE
    stated = spec.provenance.keras_sha256 if spec.provenance else None
    other = stated not in (None, keras_sha256(original.path))
    cause = "it was made from another Keras file (SHA-256 differs)" if other else "Keras answers otherwise here"
    return stage_of("Keras", recorded, answers, passed=passed, cause="" if passed else cause, limits=spec.label_limits)


def _exact(name: str, expected: Probabilities, answers: Probabilities, limits: Limits) -> Stage:
    passed = float(np.abs(answers - expected).max()) <= TOLERANCE
    logits = logit_difference(expected, answers, independent=bool(limits)) if passed else None
    cause = "" if passed else "the graph computes something else than Keras: export it again, and tell us of the layers"
    if not passed and float(np.abs(np.sort(answers, axis=1) - np.sort(expected, axis=1)).max()) <= TOLERANCE:
        cause = "the classes are in another order than those of the original: export it again"
    if logits is not None and logits > LOGIT_TOLERANCE:
        passed = False
        cause = (
            f"logits differ by {logits:.2g} of what they vary from image to image, expected at most {LOGIT_TOLERANCE}: "
            "the graph computes something else than Keras"
        )
    elif passed and logits is None:
        cause = DO_NOT_VARY
    return stage_of(name, expected, answers, passed=passed, cause=cause, limits=limits)


def _rounded(
    precision: str, file: OnnxClassifier, fresh: Probabilities, answers: Probabilities, images: NDArray[np.uint8]
) -> Stage:
    """Compares a file that rounds with float32, by labels: single probabilities may well differ.

    Of a few images more labels than one in 25 may change by chance in a file that is right on most: as many are allowed
    as 99 % of files with the agreement that was measured change or fewer.
    """
    stage = stage_of(precision, fresh, answers, passed=True, limits=file.spec.label_limits)
    ceiling = ceiling_of(file.spec)
    likely = likely_changes(stage.images, ceiling.agreement or _LEAST_AGREEMENT, ceiling.images)
    most = max(int((1 - _LEAST_AGREEMENT) * stage.images), likely)
    if stage.label_changes <= most:
        return stage
    limits = file.spec.label_limits
    precise = _precisely(file, images)
    kept = 0.0 if precise is None else float((decided(precise, limits) == decided(fresh, limits)).mean())
    changed = f"{stage.label_changes} of {stage.images} labels change, expected at most {most}"
    if round((1 - kept) * stage.images) <= most:
        cause = f"8-bit products saturate on this CPU, which lacks VNNI ({changed}): quantize for --target any or avx2"
    else:
        cause = f"integers are too coarse ({changed}): quantize again with more calibration images like these"
    return replace(stage, passed=False, cause=cause)


def _precisely(file: OnnxClassifier, images: NDArray[np.uint8]) -> Probabilities | None:
    """Answers images with products that cannot saturate; None where onnxruntime has no kernels for that."""
    try:
        return OnnxClassifier(file.path, threads=file.threads, precise_x64=True).probabilities(images)
    except ModelError:  # operators on signed activations, which saturate nowhere
        return None


def _exported(original: Original, spec: ModelSpec, images: NDArray[np.uint8]) -> Probabilities:
    """Exports the original again in float32 and returns its answers: the rung between Keras and the file."""
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        path = Path(folder, "float32.onnx")
        taken = replace(spec.input, dtype="uint8", layout="nhwc", scale=1.0, mean=(), std=())
        save_with_spec(tidy(convert(original, "uint8")), ModelSpec(spec.labels, taken, spec.output), path)
        return OnnxClassifier(path).probabilities(images)


def _call(original: Original, tensor: NDArray[np.float32]) -> Probabilities:
    return class_probabilities(answer_in_parts(original.answer, tensor, keeps_activations=True), original.spec)


def _no_images(taken: InputSpec) -> NDArray[np.uint8]:
    return np.empty((0, taken.height, taken.width, taken.channels), np.uint8)
