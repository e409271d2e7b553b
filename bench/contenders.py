"""The contenders of a bench run: each model, in each runtime, and the original in each way of calling it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnnkit.bench.options import BenchOptions
from cnnkit.errors import ModelError, SpecError, UsageError
from cnnkit.report import printable
from cnnkit.runtime import find_keras_file, is_named, keras_sha256, original_input, read_spec_of
from cnnkit.spec import ModelSpec, Output, write_spec
from cnnkit.system import log, require

Kind = Literal["model", "original-predict", "original-batch", "original-function", "original-xla"]
Runtime = Literal["onnxruntime", "keras", "litert", "openvino"]
# How the original is called: in the options -> kind, and what that is called in its name.
ORIGINAL_CALLS: dict[str, tuple[Kind, str]] = {
    "predict": ("original-predict", "predict"),
    "predict_on_batch": ("original-batch", "predict_on_batch"),
    "function": ("original-function", "function"),
    "xla": ("original-xla", "function XLA"),
}


@dataclass(frozen=True)
class Contender:
    """A model and one way of calling it."""

    name: str  # unique in a run
    kind: Kind
    path: Path
    spec: ModelSpec  # what this very file takes and gives
    runtime: Runtime = "onnxruntime"
    provider: str = "cpu"  # of onnxruntime


@dataclass(frozen=True)
class Loading:
    """All that another process needs to load a contender, as plain values."""

    name: str
    kind: Kind
    path: str
    spec: str  # JSON
    threads: int | None
    provider: str
    seed: int
    runtime: Runtime = "onnxruntime"


def make_contenders(options: BenchOptions) -> tuple[Contender, ...]:
    """Returns the original and the models in onnxruntime, the original first; no model is run.

    Raises:
        ModelError: A file is missing or no model, or the models have different labels and are to be compared.
        SpecError: An ONNX file has no spec.
        MissingExtraError: There is an original, and Keras or its backend is not installed.
    """
    specs = [_spec_of(path) for path in options.models]
    if options.original is not None or options.data is not None:
        _check_labels(options.models, specs)
    models = [
        Contender(name, "model", path, spec)
        for name, path, spec in zip(_unique_names(options.models), options.models, specs, strict=True)
    ]
    original = [] if options.original is None else _original(options, options.original, specs)
    return (*original, *models)


def loading_of(contender: Contender, options: BenchOptions) -> Loading:
    """Returns what a worker process needs to load a contender."""
    return Loading(
        name=contender.name,
        kind=contender.kind,
        path=str(contender.path),
        spec=write_spec(contender.spec),
        threads=options.threads,
        provider=contender.provider,
        seed=options.seed,
        runtime=contender.runtime,
    )


def _spec_of(path: Path) -> ModelSpec:
    spec = read_spec_of(path)
    if spec is None:
        raise SpecError(
            f"{path} carries no model spec: cnnkit stamp writes one into it, and files of cnnkit export have one"
        )
    return spec


def _check_labels(paths: tuple[Path, ...], specs: list[ModelSpec]) -> None:
    for path, spec in zip(paths, specs, strict=True):
        if spec.labels != specs[0].labels:
            raise ModelError(
                f"{path} and {paths[0]} have different labels ({len(spec.labels)} and {len(specs[0].labels)}), "
                "expected models of the same classes: bench them one by one"
            )


def _unique_names(paths: tuple[Path, ...]) -> list[str]:
    """Returns the files' stems, with their folders where two are alike, and numbered where that does not do."""
    names = [printable(path.stem) for path in paths]
    if len(set(names)) < len(names):
        alike = Counter(names)
        longer = [printable(f"{path.resolve().parent.name}/{path.stem}") for path in paths]
        names = [long if alike[name] > 1 else name for name, long in zip(names, longer, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name} ({number})" for number, name in enumerate(names, 1)]
    return names


def check_names(contenders: Sequence[Contender]) -> None:
    """Checks that no two contenders have the same name.

    Raises:
        UsageError: Two have.
    """
    for name, count in Counter(contender.name for contender in contenders).items():
        if count > 1:
            raise UsageError(f"two contenders are called {name!r}: rename one of the files")


def _original(options: BenchOptions, path: Path, specs: list[ModelSpec]) -> list[Contender]:
    require("cnnkit bench --original", "train", "keras", "tensorflow")
    path = find_keras_file(path)
    if not path.exists() and not is_named(path):
        raise ModelError(f"{path}: no such file, expected the Keras model that was exported")
    digest = keras_sha256(path)
    for model, spec in zip(options.models, specs, strict=True):
        known = spec.provenance.keras_sha256 if spec.provenance else None
        if digest is not None and known not in (None, digest):
            log.warning("%s was not exported from %s: its spec names another Keras file", model.name, path.name)
    output: Output = "independent" if specs[0].independent else "probabilities"
    spec = ModelSpec(specs[0].labels, original_input(specs[0]), output, limits=specs[0].limits)
    calls = [ORIGINAL_CALLS[call] for call in ORIGINAL_CALLS if call in (options.original_calls or ORIGINAL_CALLS)]
    return [Contender(f"{path.stem} {way}", kind, path, spec, "keras") for kind, way in calls]
