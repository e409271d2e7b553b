"""The outcome of a bench run: its figures, and the raw times they were made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnnkit.bench.answers import KeptAnswers
from cnnkit.bench.comparison import Comparison
from cnnkit.bench.contenders import Kind
from cnnkit.bench.measuring import ColdStart, MachineLoad, Profile, SweepPoint, Timed
from cnnkit.bench.options import BenchOptions
from cnnkit.machine import Machine
from cnnkit.measuring import Interval, WarmUp

INTERRUPTED = "interrupted"  # of `Session.unfinished`, where it was Ctrl-C


@dataclass(frozen=True)
class Latency:
    """Percentiles of the time for one image, in milliseconds; None where there are too few runs for it."""

    p50: float | None
    p90: float | None
    p99: float | None
    n: int  # runs
    p95: float | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # "p50" -> 95 % bootstrap interval


@dataclass(frozen=True)
class PacedLatency:
    """The same at a camera's pace."""

    fps: float
    latency_ms: Latency
    dropped: int  # frames that came while an earlier one was in work


@dataclass(frozen=True)
class ClassAccuracy:
    """How many images of one class a contender knows."""

    label: str
    images: int
    right: int


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy with its 95 % Wilson interval, and the mean of the classes' F1, as fractions."""

    top1: float
    low: float
    high: float
    n: int  # images
    macro_f1: float
    top5: float | None = None  # None where there are no more than five classes
    top5_low: float | None = None
    top5_high: float | None = None
    classes: tuple[ClassAccuracy, ...] = ()  # in the order of the labels


@dataclass(frozen=True)
class Result:
    """The figures of one contender."""

    name: str
    kind: Kind
    precision: str
    runtime: str
    latency_ms: Latency
    images_per_s: float | None  # at batch_size, from the median batch; None where it was interrupted before
    batch_size: int
    threads: int | None  # of one inference; None is the runtime's default
    size_bytes: int | None  # None where there is no file, as with networks of keras.applications
    peak_memory_bytes: int | None
    accuracy: Accuracy | None
    agreement_with_original: float | None  # fraction of the images with the same label
    file: str = ""  # its name, without folders
    sha256: str | None = None  # of the file; None for folders and networks of keras.applications
    stages_ms: Mapping[str, float] | None = None  # medians from a JPEG in memory to its label; None for the original
    warm_up: WarmUp | None = None
    paced: PacedLatency | None = None  # None where no --fps was asked for
    cold_start: ColdStart | None = None
    sweep: tuple[SweepPoint, ...] = ()
    profile: Profile | None = None


@dataclass(frozen=True)
class Ratio:
    """How many times as long one contender takes as another: the ratio of median latencies, with its 95 % interval."""

    numerator: str
    denominator: str
    ratio: Interval


@dataclass(frozen=True)
class Session:
    """A bench run."""

    machine: Machine
    options: BenchOptions
    images: int | None  # classified; None without data
    rounds: int
    results: tuple[Result, ...]
    ratios: tuple[Ratio, ...]
    comparisons: tuple[Comparison, ...]  # of each model with the original, or else with the first model
    timed: Mapping[str, Timed]
    left_out: int = 0  # images that could not be read
    answers: KeptAnswers | None = None  # None without data
    load: MachineLoad = field(default_factory=MachineLoad)
    disturbances: tuple[str, ...] = ()  # what speaks against trusting the times
    unfinished: str | None = None  # why it ended before all was measured
    date: str = ""  # of its end, UTC, as 2026-05-01T12:00:00Z
    version: str = ""  # of cnnkit

    @property
    def conditions(self) -> dict[str, object]:
        """How it was measured, by names that say nothing about the machine's folders."""
        options = self.options
        return {
            "date": self.date,
            "cnnkit": self.version,
            "runs": options.runs,
            "rounds": self.rounds,
            "duration": options.duration,
            "fps": options.fps,
            "warmup": "until two windows of at least 5 calls and 10 ms have medians within 5 %, or 3 s",
            "lead_in": "some 5 ms, 2 to 20 calls, 1 above 25 ms",
            "batch_size": options.batch_size,
            "threads": options.threads,
            "provider": options.provider,
            "input": "random uint8 images",
            "seed": options.seed,
            "photo": options.photo.name,
            "data": None if options.data is None else options.data.resolve().name,
            "images": self.images,
            "left_out": self.left_out,
            "processes": "one a contender",
            "original": options.original is not None,
            "calibration": None if options.calibration is None else options.calibration.resolve().name,
            "runtimes": list(options.runtimes),
            "original_calls": list(options.original_calls),
            "sweep": options.sweep,
            "profile": options.profile,
            "cold_start": options.cold_start,
            "unfinished": self.unfinished,
        }
