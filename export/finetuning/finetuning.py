"""Fine-tunes a quantized graph: it learns the answers of the float model to images that it is to see."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Classifier
from cnnkit.errors import DataError
from cnnkit.export.calibration import without
from cnnkit.export.finetuning.network import trainable_network, write_into
from cnnkit.images import prepare_batch
from cnnkit.runtime import import_keras
from cnnkit.sources import read_images, warn_of
from cnnkit.spec import InputSpec
from cnnkit.system import log

_BATCH, _FEWEST = 64, 8  # images a step: of 64 x 64 pixels and less, and of large ones
_PIXELS = 64 * 64
_STEPS, _LEAST_STEPS = 800, 100  # of 64 images, and at least of fewer
_TIMED = 3  # steps that tell how long the others take, after the one that compiles
_LEARNING_RATE = 0.005  # in integers a step: with 0.02 weights swing between two of them
_TOLD = 100  # steps between two messages


def finetune(
    quantized: Any,
    prepared: Any,
    bits: int,
    teacher: Classifier,
    paths: tuple[Path, ...],
    held_out: frozenset[str],
    *,
    steps: int | None,
    seed: int,
    seconds: float | None = None,
    strict: bool = False,
) -> int:
    """Trains the weights, biases and ranges of a quantized graph; the integers it holds are replaced.

    The loss is the Kullback-Leibler divergence from the teacher's probabilities, of independent labels the binary
    cross-entropy with them, so no labels are needed; the optimizer is Adam with a cosine-shaped learning rate; half of
    the images are mirrored, teacher's and pupil's alike.

    Args:
        quantized: A QDQ onnx.ModelProto; it is changed.
        prepared: The float graph that it was made from.
        bits: Of its weights.
        teacher: Answers as the float model does; its spec says what the graph takes.
        paths: Images to learn from.
        held_out: SHA-256 of the images to measure on, which are not learnt from.
        steps: Batches, of 64 images where they are small, of 8 at least; None takes 800 of 64 images, and as many
            fewer as batches are smaller.
        seed: Of the order of the images.
        seconds: How long it may take, about, after which fewer steps are made; None sets no limit.
        strict: Stops at the first image that cannot be used, rather than leaving it out.

    Returns:
        How many steps were made.

    Raises:
        ModelError: The graph computes something through which there is no known gradient.
        DataError: None of the images can be used, or, with `strict`, one cannot.
    """
    import_keras("cnnkit quantize --finetune").utils.set_random_seed(seed)
    network = trainable_network(quantized, prepared, bits)
    batch = batch_size(teacher.spec.input)
    steps = steps or usual_steps(batch)
    _compile(network, teacher)
    losses: list[float] = []
    started = compiled = time.perf_counter()
    for images in _batches(paths, teacher, held_out, seed, batch, strict=strict):
        done = len(losses)
        if done == 1:
            compiled = time.perf_counter()  # the first one takes as long as compiling does
        elif done == 1 + _TIMED:
            now = time.perf_counter()
            left = None if seconds is None else seconds - (now - started)
            steps = _steps_within(steps, done, (now - compiled) / _TIMED, left, batch)
        tensor = prepare_batch(images, teacher.spec.input).astype(np.float32)
        network.optimizer.learning_rate = _LEARNING_RATE * (1 + math.cos(math.pi * done / steps)) / 2
        losses.append(float(network.train_on_batch(tensor, teacher.probabilities(images))))
        if len(losses) % _TOLD == 0:
            log.info("step %d of %d: divergence %.2g", len(losses), steps, np.mean(losses[-_TOLD:]))
        if len(losses) >= steps:
            break
    write_into(quantized, network, bits)
    return steps


def batch_size(taken: InputSpec) -> int:
    """Returns how many images a step takes: what they cost in time and memory grows with their pixels."""
    return max(_FEWEST, min(_BATCH, _BATCH * _PIXELS // (taken.height * taken.width)))


def usual_steps(batch: int) -> int:
    """Returns how many steps of so many images are made unless told otherwise: fewer where each costs more."""
    return max(_LEAST_STEPS, _STEPS * batch // _BATCH)


def _steps_within(steps: int, done: int, each: float, left: float | None, batch: int) -> int:
    """Returns how many steps are made in all, of which some are done and others fit into the seconds left; says it."""
    if left is not None:
        steps = min(steps, done + max(1, int(left / max(each, 1e-6))))
    log.info("fine-tuning takes about %.0f s: %d steps of %d images", each * (steps - done), steps, batch)
    return steps


def _compile(network: Any, teacher: Classifier) -> None:
    import keras

    loss = keras.losses.BinaryCrossentropy() if teacher.spec.independent else keras.losses.KLDivergence()
    network.compile(keras.optimizers.Adam(_LEARNING_RATE), loss=loss)


def _batches(
    paths: tuple[Path, ...], teacher: Classifier, held_out: frozenset[str], seed: int, size: int, *, strict: bool
) -> Iterator[NDArray[np.uint8]]:
    """Yields batches of images without end, in a new order each time; what cannot be used is found the first time.

    All are of one size, for which the network is compiled: images of short ones come twice.

    Raises:
        DataError: None of them can be used, or, with `strict`, one cannot.
    """
    rng = np.random.default_rng(seed)
    usable: list[Path] = []
    for chosen in _parts(paths, rng, size):
        others = without(chosen, held_out)
        images, failures = read_images(others, teacher.spec.input)
        warn_of(failures, strict=strict)
        failed = {failure.source for failure in failures}
        usable += [path for path in others if str(path) not in failed]
        if len(images):
            yield _mirrored(_filled(images, size), rng)
    if not usable:
        raise DataError("--finetune holds no image that can be read and is not measured on, expected others")
    while True:
        for chosen in _parts(usable, rng, size):
            yield _mirrored(_filled(read_images(chosen, teacher.spec.input)[0], size), rng)


def _parts(paths: Sequence[Path], rng: np.random.Generator, size: int) -> Iterator[list[Path]]:
    order = rng.permutation(len(paths))
    for start in range(0, len(order), size):
        yield [paths[index] for index in order[start : start + size]]


def _filled(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    filled: NDArray[np.uint8] = images[np.arange(size) % len(images)]
    return filled


def _mirrored(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    some = rng.random(len(images)) < 0.5
    mirrored: NDArray[np.uint8] = np.where(some[:, None, None, None], images[:, :, ::-1], images)
    return mirrored
