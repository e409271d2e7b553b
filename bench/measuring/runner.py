"""Runs one contender: the interface, and the implementation that does it in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cnnkit.bench.contenders import Loading
from cnnkit.bench.measuring.memory import peak_memory_bytes
from cnnkit.bench.measuring.pace import Paced, time_paced
from cnnkit.bench.subjects import Loaded, Subject, load_subject
from cnnkit.measuring import Clock, WarmUp, time_calls, warm_up
from cnnkit.spec import ModelSpec

TOP = 5  # answers kept of each image


class Runner(Protocol):
    """One loaded contender. All times are in milliseconds, in the order of running."""

    def loaded(self) -> Loaded:
        """Returns what is known of the contender; waits until it is loaded."""
        ...

    def warm_up(self, batch_size: int) -> WarmUp:
        """Runs untimed inferences of a batch of random images until their times settle."""
        ...

    def time(self, batch_size: int, runs: int, warmup: int) -> list[float]:
        """Times inferences of a batch of random images, one as soon as the other is done, after some untimed ones."""
        ...

    def pace(self, fps: float, runs: int) -> Paced:
        """Times inferences of single images that come at a camera's pace; see `cnnkit.bench.measuring.pace`."""
        ...

    def stages(self, photo: Path, runs: int, warmup: int) -> dict[str, list[float]] | None:
        """Times each stage from a JPEG in memory to its label; see `cnnkit.bench.measuring.stages`.

        Returns:
            Name of the stage -> one time a run; None for what begins with a tensor: the original, other runtimes.
        """
        ...

    def sweep(self, threads: Sequence[int], batch_sizes: Sequence[int]) -> list[dict[str, Any]] | None:
        """Measures threads and batch sizes; see `cnnkit.bench.measuring.sweep`; None as for `stages`."""
        ...

    def profile(self, runs: int) -> Mapping[str, Any] | None:
        """Measures the nodes of the graph; see `cnnkit.bench.measuring.profile`; None as for `stages`."""
        ...

    def classify(self, images: Path, batch_size: int) -> list[list[int]]:
        """Classifies images.

        Args:
            images: A .npy file of (N, height, width, channels) uint8 of the contender's size and colour order.
            batch_size: Images run together.

        Returns:
            For each image up to five indices into the labels, the most probable first.
        """
        ...

    def peak_memory_bytes(self) -> int | None:
        """Returns the most memory the contender's process has held so far; None where unknown."""
        ...

    def processor_s(self) -> float:
        """Returns the processor time that the contender's process has taken so far, all threads, in seconds."""
        ...


class LocalRunner:
    """A contender in this process.

    Args:
        loading: What to load.
        clock: Where times come from.

    Raises:
        ModelError: The model cannot be loaded.
        SpecError: It has no usable spec.
        UsageError: The provider is not available here.
        MissingExtraError: Its runtime is not installed.
    """

    def __init__(self, loading: Loading, clock: Clock) -> None:
        self._subject = load_subject(loading)
        self._clock = clock
        self._loading = loading

    def loaded(self) -> Loaded:
        """See `Runner`."""
        return self._subject.loaded

    def warm_up(self, batch_size: int) -> WarmUp:
        """See `Runner`."""
        tensor = self._random_tensor(batch_size)
        return warm_up(lambda: self._subject.call(tensor), clock=self._clock)

    def time(self, batch_size: int, runs: int, warmup: int) -> list[float]:
        """See `Runner`."""
        tensor = self._random_tensor(batch_size)
        for _ in range(warmup):
            self._subject.call(tensor)
        return time_calls(lambda: self._subject.call(tensor), runs, clock=self._clock)

    def pace(self, fps: float, runs: int) -> Paced:
        """See `Runner`."""
        tensor = self._random_tensor(1)
        self._subject.call(tensor)
        return time_paced(lambda: self._subject.call(tensor), fps, runs, clock=self._clock)

    def stages(self, photo: Path, runs: int, warmup: int) -> dict[str, list[float]] | None:
        """See `Runner`."""
        if self._subject.classifier is None:
            return None
        from cnnkit.bench.measuring.stages import time_stages

        return time_stages(self._subject.classifier, photo, runs, warmup, self._clock)

    def sweep(self, threads: Sequence[int], batch_sizes: Sequence[int]) -> list[dict[str, Any]] | None:
        """See `Runner`."""
        if self._subject.classifier is None:
            return None
        from cnnkit.bench.measuring.sweep import sweep_model

        images = random_images(self._subject.spec, max(batch_sizes), self._loading.seed)
        return sweep_model(Path(self._loading.path), self._loading.provider, images, threads, batch_sizes, self._clock)

    def profile(self, runs: int) -> Mapping[str, Any] | None:
        """See `Runner`."""
        if self._subject.classifier is None:
            return None
        from cnnkit.bench.measuring.profile import profile_model

        images = random_images(self._subject.spec, 1, self._loading.seed)
        return profile_model(self._subject.classifier, images, runs)

    def classify(self, images: Path, batch_size: int) -> list[list[int]]:
        """See `Runner`."""
        pixels = np.load(images, mmap_mode="r")
        ranked: list[list[int]] = []
        for start in range(0, len(pixels), batch_size):
            batch = np.ascontiguousarray(pixels[start : start + batch_size])
            ranked += np.argsort(-self._subject.answers(batch), axis=1, kind="stable")[:, :TOP].tolist()
        return ranked

    def peak_memory_bytes(self) -> int | None:
        """See `Runner`."""
        return peak_memory_bytes()

    def processor_s(self) -> float:
        """See `Runner`."""
        return process_time()

    def _random_tensor(self, batch_size: int) -> NDArray[Any]:
        subject: Subject = self._subject
        return subject.input_tensor(random_images(subject.spec, batch_size, self._loading.seed))


def random_images(spec: ModelSpec, count: int, seed: int) -> NDArray[np.uint8]:
    """Returns (count, height, width, channels) uint8 noise; the same seed gives the same images."""
    size = (count, spec.input.height, spec.input.width, spec.input.channels)
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
