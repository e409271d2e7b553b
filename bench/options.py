"""The options of a bench run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cnnkit

BATCH_SIZE = 64
PHOTO = Path(cnnkit.__file__).parent / "examples" / "cat.jpg"  # CC0


@dataclass(frozen=True)
class BenchOptions:
    """What to measure and how."""

    models: tuple[Path, ...]  # ONNX files with a spec
    original: Path | None = None  # the Keras file they were exported from
    data: Path | None = None  # class folders, or a folder with test/ that holds them
    strict: bool = False  # stops where an image of these cannot be used, before anything is timed
    runs: int | None = None  # of each contender at batch 1; None: enough for p99 as far as time allows
    batch_size: int = BATCH_SIZE  # images, for throughput
    fit_batch: bool = False  # whether slow contenders get a smaller batch
    threads: int | None = None  # of one inference; None: one a physical core, and of the original as Keras has it
    providers: tuple[str, ...] = ("cpu",)  # of the ONNX models: several are compared
    seed: int = 0  # of the random images that are timed
    photo: Path = PHOTO  # a JPEG that is timed from its bytes to its label
    duration: float | None = None  # seconds of timed runs of each contender at batch 1, instead of `runs`
    fps: float | None = None  # frames a second of a camera, whose pace is kept in a measurement of its own
    runtimes: tuple[str, ...] = ()  # others that run the same networks: "litert", "openvino"
    calibration: Path | None = None  # class folders, with which those runtimes make their own INT8
    original_calls: tuple[str, ...] = ()  # of predict, predict_on_batch, function, xla; none: all
    cold_start: bool = True  # whether starts of new processes are timed
    sweep: bool = False  # over threads and batch sizes
    profile: bool = False  # time by node of the graph

    @property
    def provider(self) -> str:
        """The providers in one string, as reports have them."""
        return ", ".join(self.providers)
