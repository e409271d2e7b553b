"""Runs one contender: the interface, and the implementation that does it in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cnnkit.bench.contenders import Loading
from cnnkit.bench.memory import peak_memory_bytes
from cnnkit.spec import ModelSpec, read_spec
from cnnkit.timing import Clock, time_calls

if TYPE_CHECKING:
    from cnnkit.runtime import OnnxClassifier


@dataclass(frozen=True)
class Loaded:
    """What is known of a contender once it is loaded."""

    precision: str  # float32, int8, mixed_float16, ...
    runtime: str  # name, version, and provider or backend
    threads: int | None  # of one inference; None is the runtime's default


class Runner(Protocol):
    """One loaded contender."""

    def loaded(self) -> Loaded:
        """Returns what is known of the contender; waits until it is loaded."""
        ...

    def time(self, batch_size: int, runs: int, warmup: int) -> list[float]:
        """Times inferences of a batch of random images, after some untimed ones.

        Returns:
            One time a run, in milliseconds.
        """
        ...

    def stages(self, photo: Path, runs: int, warmup: int) -> dict[str, list[float]] | None:
        """Times each stage from a JPEG in memory to its label; see `cnnkit.bench.stages`.

        Returns:
            Name of the stage -> one time a run, in milliseconds; None for the original, which begins with a tensor.
        """
        ...

    def classify(self, images: Path, batch_size: int) -> list[int]:
        """Classifies images.

        Args:
            images: A .npy file of (N, height, width, channels) uint8 of the contender's size and colour order.
            batch_size: Images run together.

        Returns:
            One index into the labels an image.
        """
        ...

    def peak_memory_bytes(self) -> int | None:
        """Returns the most memory the contender's process has held so far; None where unknown."""
        ...


@dataclass(frozen=True)
class Subject:
    """A loaded model with one way of calling it."""

    loaded: Loaded
    spec: ModelSpec
    input_tensor: Callable[[NDArray[np.uint8]], NDArray[Any]]
    call: Callable[[NDArray[Any]], NDArray[Any]]  # from that tensor to (N, classes): this is timed
    answers: Callable[[NDArray[np.uint8]], NDArray[Any]]  # from images to (N, classes)
    classifier: OnnxClassifier | None = None  # of a model; None of the original


class LocalRunner:
    """A contender in this process.

    Args:
        loading: What to load.
        clock: Where times come from.

    Raises:
        ModelError: The model cannot be loaded.
        SpecError: It has no usable spec.
        UsageError: The provider is not available here.
    """

    def __init__(self, loading: Loading, clock: Clock) -> None:
        self._subject = _original(loading) if loading.kind.startswith("original") else _model(loading)
        self._clock = clock
        self._seed = loading.seed

    def loaded(self) -> Loaded:
        """See `Runner`."""
        return self._subject.loaded

    def time(self, batch_size: int, runs: int, warmup: int) -> list[float]:
        """See `Runner`."""
        tensor = self._subject.input_tensor(random_images(self._subject.spec, batch_size, self._seed))
        for _ in range(warmup):
            self._subject.call(tensor)
        return time_calls(lambda: self._subject.call(tensor), runs, clock=self._clock)

    def stages(self, photo: Path, runs: int, warmup: int) -> dict[str, list[float]] | None:
        """See `Runner`."""
        if self._subject.classifier is None:
            return None
        from cnnkit.bench.stages import time_stages

        return time_stages(self._subject.classifier, photo, runs, warmup, self._clock)

    def classify(self, images: Path, batch_size: int) -> list[int]:
        """See `Runner`."""
        pixels = np.load(images, mmap_mode="r")
        indices: list[int] = []
        for start in range(0, len(pixels), batch_size):
            batch = np.ascontiguousarray(pixels[start : start + batch_size])
            indices += self._subject.answers(batch).argmax(axis=1).tolist()
        return indices

    def peak_memory_bytes(self) -> int | None:
        """See `Runner`."""
        return peak_memory_bytes()


def random_images(spec: ModelSpec, count: int, seed: int) -> NDArray[np.uint8]:
    """Returns (count, height, width, channels) uint8 noise; the same seed gives the same images."""
    size = (count, spec.input.height, spec.input.width, spec.input.channels)
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def _model(loading: Loading) -> Subject:
    from cnnkit.machine import physical_cores
    from cnnkit.runtime import OnnxClassifier
    from cnnkit.session import import_onnxruntime

    classifier = OnnxClassifier(Path(loading.path), threads=loading.threads, provider=loading.provider)
    loaded = Loaded(
        precision="float32" if classifier.spec.quantization is None else classifier.spec.quantization.precision,
        runtime=f"onnxruntime {import_onnxruntime().__version__} ({classifier.provider})",
        threads=classifier.threads or physical_cores(),
    )
    return Subject(
        loaded, classifier.spec, classifier.input_tensor, classifier.run, classifier.probabilities, classifier
    )


def _original(loading: Loading) -> Subject:
    from cnnkit.keras_runtime import KerasClassifier, import_keras

    keras = import_keras(loading.name)
    classifier = KerasClassifier(Path(loading.path), read_spec(loading.spec))
    call = classifier.predict_call if loading.kind == "original-predict" else classifier.function_call
    loaded = Loaded(
        precision=_keras_precision(classifier.model),
        runtime=f"keras {keras.__version__} ({keras.backend.backend()})",
        threads=None,
    )
    return Subject(
        loaded=loaded,
        spec=classifier.spec,
        input_tensor=classifier.input_tensor,
        call=call,
        answers=lambda images: call(classifier.input_tensor(images)),
    )


def _keras_precision(model: Any) -> str:
    reduced = sorted({layer.compute_dtype for layer in model.layers} - {"float32"})
    return f"mixed_{reduced[0]}" if reduced else "float32"
