"""What is measured: the options of a bench run, and the contenders that follow from them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cnnkit
from cnnkit.errors import ModelError, SpecError
from cnnkit.extras import require
from cnnkit.keras_apps import is_app
from cnnkit.messages import log
from cnnkit.run_folder import find_keras_file, keras_sha256, original_input
from cnnkit.runtime import read_spec_of
from cnnkit.spec import ModelSpec, write_spec

PHOTO = Path(cnnkit.__file__).parent / "examples" / "cat.jpg"  # CC0
Kind = Literal["model", "original-predict", "original-function"]


@dataclass(frozen=True)
class BenchOptions:
    """What to measure and how."""

    models: tuple[Path, ...]  # ONNX files with a spec
    original: Path | None = None  # the Keras file they were exported from
    data: Path | None = None  # class folders, or a folder with test/ that holds them
    runs: int | None = None  # of each contender at batch 1; None: enough for p99 as far as time allows
    batch_size: int = 64  # images, for throughput
    threads: int | None = None  # of one inference of the ONNX models; None: one a physical core
    provider: str = "cpu"  # of the ONNX models
    seed: int = 0  # of the random images that are timed
    photo: Path = PHOTO  # a JPEG that is timed from its bytes to its label


@dataclass(frozen=True)
class Contender:
    """A model and one way of calling it."""

    name: str  # unique in a run
    kind: Kind
    path: Path
    spec: ModelSpec  # what this very file takes and gives


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


def make_contenders(options: BenchOptions) -> tuple[Contender, ...]:
    """Returns the contenders, the original first; no model is run.

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
    original = [] if options.original is None else _original(options.original, options.models, specs)
    return (*original, *models)


def loading_of(contender: Contender, options: BenchOptions) -> Loading:
    """Returns what a worker process needs to load a contender."""
    return Loading(
        name=contender.name,
        kind=contender.kind,
        path=str(contender.path),
        spec=write_spec(contender.spec),
        threads=options.threads,
        provider=options.provider,
        seed=options.seed,
    )


def _spec_of(path: Path) -> ModelSpec:
    spec = read_spec_of(path)
    if spec is None:
        raise SpecError(f"{path} carries no model spec, expected an ONNX file that cnnkit export wrote")
    return spec


def _check_labels(paths: tuple[Path, ...], specs: list[ModelSpec]) -> None:
    for path, spec in zip(paths, specs, strict=True):
        if spec.labels != specs[0].labels:
            raise ModelError(
                f"{path} and {paths[0]} have different labels ({len(spec.labels)} and {len(specs[0].labels)}), "
                "expected models of the same classes: bench them one by one"
            )


def _unique_names(paths: tuple[Path, ...]) -> list[str]:
    seen: Counter[str] = Counter()
    names = []
    for path in paths:
        seen[path.stem] += 1
        names.append(path.stem if seen[path.stem] == 1 else f"{path.stem} ({seen[path.stem]})")
    return names


def _original(path: Path, models: tuple[Path, ...], specs: list[ModelSpec]) -> list[Contender]:
    require("cnnkit bench --original", "train", "keras", "tensorflow")
    path = find_keras_file(path)
    if not path.exists() and not is_app(path):
        raise ModelError(f"{path}: no such file, expected the Keras model that was exported")
    digest = keras_sha256(path)
    for model, spec in zip(models, specs, strict=True):
        known = spec.provenance.keras_sha256 if spec.provenance else None
        if digest is not None and known not in (None, digest):
            log.warning("%s was not exported from %s: its spec names another Keras file", model.name, path.name)
    spec = ModelSpec(labels=specs[0].labels, input=original_input(specs[0]))
    return [
        Contender(f"{path.stem} predict", "original-predict", path, spec),
        Contender(f"{path.stem} function", "original-function", path, spec),
    ]
