"""From a JPEG in memory to its label, stage by stage: where the time of one image goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnnkit.classifier import class_probabilities, top_candidates
from cnnkit.errors import ImageError, ModelError
from cnnkit.images import decode_image, read_bytes, resize_image
from cnnkit.measuring import Clock, no_garbage_collection
from cnnkit.runtime import OnnxClassifier

STAGES = ("decode", "resize", "inference", "answer", "end to end")
_TOP = 5


def time_stages(
    classifier: OnnxClassifier, photo: Path, runs: int, warmup: int, clock: Clock
) -> dict[str, list[float]]:
    """Times each stage of classifying one photo, as `cnnkit predict` does it.

    Args:
        classifier: The model.
        photo: An image file; it is read before anything is timed.
        runs: How often.
        warmup: Untimed runs before.
        clock: Where times come from.

    Returns:
        Name of the stage -> one time a run, in milliseconds; the last one is that of all of them together.

    Raises:
        ModelError: The photo cannot be read.
    """
    data = read_photo(photo)
    for _ in range(warmup):
        _classify(classifier, data, clock)
    with no_garbage_collection():
        stamps = [_classify(classifier, data, clock) for _ in range(runs)]
    times = np.diff(np.array(stamps, np.int64), axis=1) / 1e6
    found = {name: times[:, index].tolist() for index, name in enumerate(STAGES[:-1])}
    return {**found, STAGES[-1]: times.sum(axis=1).tolist()}


def read_photo(photo: Path) -> bytes:
    """Returns the bytes of an image file that can be decoded.

    Raises:
        ModelError: It cannot.
    """
    try:
        data = read_bytes(str(photo))
        decode_image(data, str(photo)).sound(str(photo))
    except ImageError as error:
        raise ModelError(f"the photo to time with, {error}") from error
    return data


def _classify(classifier: OnnxClassifier, data: bytes, clock: Clock) -> tuple[int, ...]:
    """Classifies once, and returns the clock before, between and after the stages."""
    spec = classifier.spec
    start = clock()
    pixels = decode_image(data, "photo", taken=(spec.input,)).pixels
    decoded = clock()
    image = resize_image(pixels, spec.input)[None]
    resized = clock()
    output = classifier.run(classifier.input_tensor(image))
    inferred = clock()
    top_candidates(class_probabilities(output, spec)[0], spec.labels, _TOP)
    return start, decoded, resized, inferred, clock()
