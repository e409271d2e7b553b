from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import TINY_SPEC

from cnnkit.bench.contenders import Contender, Loading
from cnnkit.bench.measuring.measure import Timed
from cnnkit.bench.measuring.pace import Paced
from cnnkit.bench.subjects.subject import Loaded
from cnnkit.machine.machine import Machine
from cnnkit.measuring.timing import WarmUp
from cnnkit.spec import write_spec


class FakeRunner:
    """A runner of known speed, one for single images and one for batches, which notes what it is asked."""

    def __init__(
        self, name: str = "tiny", latency_ms: float = 2.0, batch_ms: float = 40.0, answers: tuple[int, ...] = ()
    ):
        self.name = name
        self.answers = answers
        self.asked: list[tuple[int, int, int]] = []
        self.warmed_up: list[int] = []
        self._ms = {True: latency_ms, False: batch_ms}

    def loaded(self) -> Loaded:
        return Loaded("float32", "fake 1.0 (cpu)", 1)

    def time(self, batch_size: int, runs: int, warmup: int) -> list[float]:
        self.asked.append((batch_size, runs, warmup))
        return [self._ms[batch_size == 1]] * runs

    def stages(self, photo: Path, runs: int, warmup: int) -> dict[str, list[float]] | None:
        return None

    def warm_up(self, batch_size: int) -> WarmUp:
        self.warmed_up.append(batch_size)
        return WarmUp(10, True, self._ms[batch_size == 1])

    def pace(self, fps: float, runs: int) -> Paced:
        return Paced([self._ms[True]] * runs, 1)

    def sweep(self, threads, batch_sizes) -> list[dict[str, float]] | None:
        return None

    def profile(self, runs: int) -> dict[str, object] | None:
        return None

    def classify(self, images: Path, batch_size: int) -> list[list[int]]:
        return [[answer] for answer in self.answers]

    def peak_memory_bytes(self) -> int | None:
        return 50_000_000

    def processor_s(self) -> float:
        return 1.0


@pytest.fixture
def fake_runner():
    return FakeRunner


@pytest.fixture
def machine():
    return Machine(
        cpu="Test CPU",
        architecture="x86_64",
        cores=2,
        threads=4,
        memory_bytes=8_000_000_000,
        instruction_sets=("avx2",),
        os="Linux 6.1",
        python="3.11.7",
        packages={"numpy": "2.0.0", "onnxruntime": "1.20.0"},
    )


@pytest.fixture
def make_contender(tmp_path):
    """Writes a file of a thousand bytes and makes a contender of it."""

    def make(name: str = "tiny", kind: str = "model", spec=TINY_SPEC) -> Contender:
        path = tmp_path / f"{name}.bin"
        path.write_bytes(bytes(1000))
        return Contender(name, kind, path, spec)

    return make


@pytest.fixture
def timed():
    """Makes the times of a contender: as many runs of one duration as asked for."""

    def make(ms: float, runs: int, precision: str = "float32") -> Timed:
        return Timed(Loaded(precision, "fake 1.0 (cpu)", 1), (ms,) * runs, (ms * 32,) * 3, 50_000_000)

    return make


@pytest.fixture
def loading(tiny_model):
    return Loading("tiny", "model", str(tiny_model), write_spec(TINY_SPEC), threads=1, provider="cpu", seed=0)
