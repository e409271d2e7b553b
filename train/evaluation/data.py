"""The images a model is evaluated on, read batch by batch: a dataset's split, or files in class folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError, ImageError, UsageError
from cnnkit.images import read_image
from cnnkit.sources import (
    LabelledFiles,
    LabelledImages,
    find_layout,
    is_listed,
    list_class_folder,
    list_listed,
    read_in_batches,
    some_classes,
    strangers_error,
    test_split,
)
from cnnkit.spec import InputSpec, ModelSpec
from cnnkit.system import log
from cnnkit.train.data import Split, SplitOptions, check_dataset_folder, load_dataset, resize_all, three_way_split

SplitName = Literal["train", "val", "test"]
Batches = Callable[[int], Iterator[LabelledImages]]  # takes how many images a batch may hold

# At their own size; each batch is brought to the model's.
_BUILT_IN = {"digits": InputSpec(8, 8, 3), "cifar10": InputSpec(32, 32, 3)}


@dataclass(frozen=True)
class EvaluationData:
    """Images with their classes as indices of the model's labels."""

    sources: tuple[str, ...]  # of the images listed, in order: paths, or indices in a split; some may be unreadable
    batches: Batches
    failures: tuple[ImageError, ...] = ()  # files known to be unreadable, not among the listed
    sets: tuple[tuple[str, ...], ...] = ()  # where classes are sets of independent labels: the labels of each

    @property
    def count(self) -> int:
        """How many images are listed."""
        return len(self.sources)


def open_data(data: str, split: SplitName | None, spec: ModelSpec, data_folder: Path | None = None) -> EvaluationData:
    """Finds the images to evaluate on.

    Args:
        data: "digits", "cifar10", or a folder as training takes it.
        split: Which part; what the data does not divide itself is divided as the training with the spec's seed divided
            it. None takes the test split, or all images of a folder that has none.
        spec: Of the model: its labels, input and seed.
        data_folder: Where CIFAR-10's binary version lies; None takes the Keras cache.

    Raises:
        DataError: The data or its split is missing, or has classes that are none of the model's.
        SourceError: A folder cannot be listed.
    """
    if data in _BUILT_IN:
        return _built_in(data, split or "test", spec, data_folder)
    root = Path(data)
    check_dataset_folder(root)
    files, failures, part = _choose_files(root, split, spec)
    if not files.paths:
        named = some_classes(files.labels)
        raise DataError(f"{root} has no images in folders named like the model's classes: {named}")
    _compare_with_training(root.resolve().name, part, spec, len(files.paths))
    sources = tuple(map(str, files.paths))
    return EvaluationData(sources, lambda size: read_in_batches(files, spec.input, size), failures, files.sets)


def find_named(names: Sequence[str], data: EvaluationData) -> tuple[str, ...]:
    """Returns the sources of the images that a user names, each once.

    Args:
        names: Each a source, the end of one ("red/3.png", "3.png"), or another path of the same file.
        data: Among which they are looked for.

    Raises:
        UsageError: A name fits no image, or several.
    """
    return tuple(dict.fromkeys(_find_named(name, data) for name in names))


def _find_named(name: str, data: EvaluationData) -> str:
    if name in data.sources:
        return name
    wanted = Path(name).parts
    found = [source for source in data.sources if Path(source).parts[-len(wanted) :] == wanted]
    if not found:
        real = Path(name).resolve()
        found = [source for source in data.sources if source.endswith(real.name) and Path(source).resolve() == real]
    if len(found) == 1:
        return found[0]
    first, last = data.sources[0], data.sources[-1]
    wrong = f"fits {len(found)} images, the first {found[0]}" if found else "is none of the images"
    raise UsageError(f"--show {name} {wrong}: expected one of {first} to {last}, or as much of its end as tells it")


def _built_in(name: str, split: SplitName, spec: ModelSpec, data_folder: Path | None) -> EvaluationData:
    splits = SplitOptions(seed=_seed_of(spec))
    dataset = load_dataset(name, _BUILT_IN[name], splits, data_folder=data_folder)
    chosen = {"train": dataset.train, "val": dataset.validation, "test": dataset.test}[split]
    assert chosen is not None  # both have a test split
    if name == "digits" and (spec.provenance is None or spec.provenance.seed is None):
        log.warning("the model does not say its training's seed: digits are divided by 0, and may have trained it")
    _compare_with_training(name, split, spec, len(chosen))
    indices = _indices_of(dataset.labels, name, spec.labels)
    found = replace(chosen, targets=indices[chosen.targets])
    sources = tuple(map(str, range(len(found))))
    return EvaluationData(sources, lambda size: _array_batches(found, spec, size))


def _array_batches(split: Split, spec: ModelSpec, size: int) -> Iterator[LabelledImages]:
    """Cuts batches out of a split; the source of an image is its index in the split."""
    for start in range(0, len(split), size):
        part = np.arange(start, min(start + size, len(split)))
        images = resize_all(split.read(part), spec.input)
        yield LabelledImages(spec.labels, images, split.targets[part], tuple(map(str, part)), ())


def _indices_of(labels: tuple[str, ...], name: str, known: tuple[str, ...]) -> NDArray[np.int64]:
    """Returns the index among the model's labels for each of a dataset's, by name."""
    by_name = {normalize("NFC", label): index for index, label in enumerate(known)}
    strangers = [label for label in labels if label not in by_name]
    if strangers:
        raise strangers_error(Path(name), strangers, known)
    return np.array([by_name[label] for label in labels], np.int64)


_Chosen = tuple[LabelledFiles, tuple[ImageError, ...], SplitName | None]


def _choose_files(root: Path, split: SplitName | None, spec: ModelSpec) -> _Chosen:
    """Returns the files of a split, what is wrong with others that had to be read to divide them, and its name."""
    if is_listed(root):
        return _choose_listed(root, split, spec)
    if split is None:
        tested = test_split(root)
        return list_class_folder(tested, spec.labels), (), "test" if tested != root else None
    layout = find_layout(root)
    folder = layout.part(split) if layout.divided else None
    if folder is not None and (split != "train" or layout.val is not None):
        return list_class_folder(folder, spec.labels), (), split
    if layout.divided and split == "test":
        raise DataError(f"{root} has a folder train and none named test: name another --split, or the test images")
    pool = list_class_folder(layout.train, spec.labels)
    return *_divide(pool, split, spec, hold_out_test=not layout.divided), split


def _choose_listed(root: Path, split: SplitName | None, spec: ModelSpec) -> _Chosen:
    """The same for lists of files and labels."""
    parts = list_listed(root, spec.labels, several=spec.independent)
    wanted = split or "test"
    if wanted in parts:
        return parts[wanted], (), wanted
    if split is None and None in parts:
        return parts[None], (), None
    pool = parts.get("train", parts.get(None))
    if split is None or pool is None or (split == "test" and "train" in parts):
        raise DataError(f"{root} lists no {wanted} images: name another --split, or other images")
    return *_divide(pool, split, spec, hold_out_test="train" not in parts), split


def _divide(
    pool: LabelledFiles, split: SplitName, spec: ModelSpec, *, hold_out_test: bool
) -> tuple[LabelledFiles, tuple[ImageError, ...]]:
    """Divides files as training did, which left out those that cannot be used before it divided the others."""
    tried = (_failure_of(path, spec.input) for path in pool.paths)
    failures = tuple(failure for failure in tried if failure is not None)
    failed = {failure.source for failure in failures}
    good = np.array([index for index, path in enumerate(pool.paths) if str(path) not in failed], np.int64)
    defaults = SplitOptions(seed=_seed_of(spec))
    test = defaults.test if hold_out_test else 0.0
    targets = np.array(pool.targets, np.int64)[good]
    parts = three_way_split(targets, defaults.validation, test, defaults.seed)
    chosen = good[dict(zip(("train", "val", "test"), parts, strict=True))[split]]
    paths, classes = (tuple(each[index] for index in chosen) for each in (pool.paths, pool.targets))
    return replace(pool, paths=paths, targets=classes), failures


def _failure_of(path: Path, taken: InputSpec) -> ImageError | None:
    try:
        read_image(path, taken=(taken,)).sound(str(path))
    except ImageError as error:
        return error
    return None


def _seed_of(spec: ModelSpec) -> int:
    seed = spec.provenance.seed if spec.provenance else None
    return SplitOptions().seed if seed is None else seed


def _compare_with_training(name: str, split: SplitName | None, spec: ModelSpec, count: int) -> None:
    """Warns where a model may be evaluated on images that trained it; a split of None is all images of a folder."""
    record = spec.provenance.dataset if spec.provenance else None
    if record is None or record.name != name:
        return
    if split is None:
        log.warning("images of %s trained the model: --split test takes those that were held out", name)
        return
    trained = record.images.get("validation" if split == "val" else split)
    if trained not in (None, count):
        log.warning(
            "the %s split has %s images here and had %s in training: it was divided otherwise, and may have trained "
            "the model", split, f"{count:,}", f"{trained:,}",
        )  # fmt: skip
