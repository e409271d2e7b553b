"""Golden images: a few images that travel in the model file with the original Keras model's answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.classifier import Classifier
from cnnkit.errors import ParityError, SpecError
from cnnkit.measuring import Limits, Stage, above, margins, worst_and_changes
from cnnkit.runtime.ceiling import allowed_by, ceiling_of
from cnnkit.spec import MAX_GOLDEN_BYTES, MAX_GOLDEN_IMAGES, Color, GoldenImage, ModelSpec
from cnnkit.system import import_cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TIE = 1e-3  # of two classes: ten times what float32 may differ by
CLEAR_MARGIN = 0.2  # of the two likeliest classes: what is closer, a file that rounds may rightly answer otherwise


@dataclass(frozen=True)
class GoldenResult:
    """How a runtime answered the golden images, compared with the original's answers."""

    images: int
    max_probability_difference: float  # 0 to 1; an answer that is not finite counts as 1
    top1_agreement: float  # fraction of the images with the same decision: the likeliest label, or independent ones
    label_changes: int  # images with another one
    passed: bool  # within what is allowed
    cause: str = ""  # why it is not passed


def check_golden(classifier: Classifier, spec: ModelSpec) -> GoldenResult:
    """Classifies the golden images and compares with the recorded answers.

    Args:
        classifier: The runtime to check.
        spec: Whose golden images and tolerance to take.

    Raises:
        SpecError: The spec has no golden images, or one that is no PNG of the model's size.
    """
    if not spec.golden:
        raise SpecError(
            "the model carries no golden images, so there is nothing to verify: "
            "export it again with cnnkit export, which adds them"
        )
    expected = np.array([image.probabilities for image in spec.golden], np.float32)
    return compare_answers(expected, classifier.probabilities(decode_golden(spec)), spec)


def require_passed(result: GoldenResult) -> None:
    """Checks that a result is within what is allowed.

    Raises:
        ParityError: It is not.
    """
    if not result.passed:
        raise ParityError(
            f"{result.cause}: do not use this file on this machine; try another --provider, or export or quantize it "
            "again here"
        )


def compare_answers(expected: NDArray[np.float32], answers: NDArray[np.float32], spec: ModelSpec) -> GoldenResult:
    """Compares two sets of answers to the same images.

    Args:
        expected: (N, classes) probabilities of the original, N at least 1.
        answers: (N, classes) probabilities to judge.
        spec: Whose tolerance to take, within the ceiling that its evidence sets.
    """
    limits = spec.label_limits
    worst, changes = worst_and_changes(expected, answers, limits)
    counted = int(changes_that_count(expected, answers, limits).sum())
    cause = _why_not(worst, counted, len(expected), spec)
    return GoldenResult(len(expected), worst, 1 - changes / len(expected), changes, passed=not cause, cause=cause)


def is_clear(answers: NDArray[np.floating], limits: Limits = ()) -> NDArray[np.bool_]:
    """Returns (N,) of (N, classes) probabilities: where another decision is so far off that rounding keeps it."""
    clear: NDArray[np.bool_] = np.asarray(margins(answers, limits) >= CLEAR_MARGIN)
    return clear


def changes_that_count(
    expected: NDArray[np.float32], answers: NDArray[np.float32], limits: Limits = ()
) -> NDArray[np.bool_]:
    """Returns (N,): where the likeliest class is another one, and was not as good as equally likely before.

    Of independent labels, where one lies on the other side of its limit, and was not as good as on it before.
    """
    if limits:
        far = np.abs(expected - np.array(limits)) > _TIE
        changed: NDArray[np.bool_] = ((above(expected, limits) != above(answers, limits)) & far).any(axis=1)
        return changed
    rows, before, after = np.arange(len(expected)), expected.argmax(axis=1), answers.argmax(axis=1)
    counts: NDArray[np.bool_] = (before != after) & (expected[rows, before] - expected[rows, after] > _TIE)
    return counts


def _why_not(worst: float, changes: int, images: int, spec: ModelSpec) -> str:
    """Says why answers do not pass; empty where they do."""
    ceiling, said, allowed = ceiling_of(spec), spec.tolerance, allowed_by(spec)
    if ceiling.fault:
        return ceiling.fault
    if worst <= allowed.max_probability_difference and changes <= allowed.max_label_changes:
        return ""
    loose = changes > allowed.max_label_changes and said.max_label_changes > allowed.max_label_changes
    why = f", since {ceiling.reason}, though the file itself says {said.max_label_changes}" if loose else ""
    return (
        f"the golden images are answered differently: probabilities by up to {worst:.2g} "
        f"(allowed {allowed.max_probability_difference:.2g}), {changes} of {images} labels "
        f"(allowed {allowed.max_label_changes}{why})"
    )


def golden_stage(name: str, result: GoldenResult) -> Stage:
    """Makes a stage of the answers to golden images; why they do not pass, `require_passed` says."""
    return Stage(name, **{**vars(result), "cause": ""})


def decode_golden(spec: ModelSpec) -> NDArray[np.uint8]:
    """Decodes a spec's golden images, of which there must be one at least.

    Returns:
        (N, height, width, channels) uint8 in the spec's colour order.

    Raises:
        SpecError: One of them is no PNG of the model's size.
    """
    return np.stack([_decode(image.png, index, spec) for index, image in enumerate(spec.golden)])


def encode_golden(
    images: NDArray[np.uint8], probabilities: NDArray[np.float32], *, color: Color = "rgb"
) -> tuple[GoldenImage, ...]:
    """Makes golden images, as many from the front as the spec's limits of number and size allow.

    Args:
        images: (N, height, width, channels) uint8.
        probabilities: (N, classes) of the original model.
        color: The order of the images' channels; of no meaning for one channel.
    """
    golden: list[GoldenImage] = []
    room = MAX_GOLDEN_BYTES
    for image, row in zip(images[:MAX_GOLDEN_IMAGES], probabilities, strict=False):
        png = _encode(image, color)
        room -= len(png)
        if room < 0:
            break
        golden.append(GoldenImage(png, tuple(float(value) for value in row)))
    return tuple(golden)


def least_sure_of_each(
    probabilities: NDArray[np.float32], groups: NDArray[np.int64], count: int, limits: Limits = ()
) -> NDArray[np.int64]:
    """Chooses images that cover the classes and lie near the boundaries between them.

    They are of each group in turn the one of which the model is least sure, then the next. Those so close that integers
    may rightly change the label are a turn later, the clearest of them first.

    Args:
        probabilities: (N, classes).
        groups: (N,) the class of each image, true or predicted.
        count: How many to choose, at most N.
        limits: Of independent labels.

    Returns:
        (count,) indices, in order.
    """
    margin = margins(probabilities, limits)
    close = ~is_clear(probabilities, limits)
    by_margin = np.argsort(np.where(close, 2 - margin, margin), kind="stable")
    seen: Counter[int] = Counter()
    turn = np.empty(len(groups), dtype=np.int64)  # 0 for the first image of its class, 1 for the second, ...
    for index in by_margin:
        turn[index] = seen[int(groups[index])]
        seen[int(groups[index])] += 1
    ranked = (turn + close)[by_margin]
    chosen: NDArray[np.int64] = by_margin[np.argsort(ranked, kind="stable")][:count]
    return chosen


def _encode(image: NDArray[np.uint8], color: Color) -> bytes:
    cv2 = import_cv2()
    pixels = image[..., ::-1] if image.shape[-1] == 3 and color == "rgb" else image  # OpenCV writes BGR
    _, data = cv2.imencode(".png", np.ascontiguousarray(pixels), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return bytes(data)


def _decode(png: bytes, index: int, spec: ModelSpec) -> NDArray[np.uint8]:
    cv2 = import_cv2()
    gray = spec.input.channels == 1
    wanted, said = (spec.input.width, spec.input.height), _said_size(png)
    decoded: NDArray[np.uint8] | None = None
    if said == wanted:  # others are not decoded: a small file may hold a huge image
        decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR)
    if decoded is None:
        found = "no image" if said is None or said == wanted else f"{said[0]}x{said[1]}"
        raise SpecError(
            f"golden image {index} is {found}, expected a PNG of {wanted[0]}x{wanted[1]}: export the model again"
        )
    if gray:
        return decoded[..., None]
    return decoded[..., ::-1] if spec.input.color == "rgb" else decoded


def _said_size(png: bytes) -> tuple[int, int] | None:
    """Returns width and height as the header of a PNG file says; None where it is none."""
    if png[:8] != b"\x89PNG\r\n\x1a\n" or png[12:16] != b"IHDR" or len(png) < 24:
        return None
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
