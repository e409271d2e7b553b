"""Folders of images: plain ones, and those with a folder a class."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError, ImageError
from cnnkit.images import DEFAULT_MAX_PIXELS, is_image_file, read_image, resize_image
from cnnkit.sources.layouts import find_layout, holds_images, part_named, visible_entries
from cnnkit.sources.spelling import find_places, some_classes, warn_of_spellings
from cnnkit.spec import InputSpec, ModelSpec
from cnnkit.system import log

_SHOWN, _FEW = 20, 5  # names of classes


@dataclass(frozen=True)
class LabelledFiles:
    """Image files with their classes, sorted by class and name."""

    labels: tuple[str, ...]
    paths: tuple[Path, ...]
    targets: tuple[int, ...]  # index into `labels`, one a path
    names: tuple[str, ...] = ()  # where labels do not exclude one another: all of them; `labels` are sets of them then
    sets: tuple[tuple[str, ...], ...] = ()  # for each of `labels` which of `names` it stands for


@dataclass(frozen=True)
class LabelledImages:
    """Decoded images with their classes; those that cannot be read are left out and listed."""

    labels: tuple[str, ...]
    images: NDArray[np.uint8]  # (N, height, width, channels) in the spec's colour order
    targets: NDArray[np.int64]  # (N,) index into `labels`
    sources: tuple[str, ...]  # (N,) paths
    failures: tuple[ImageError, ...]


def list_class_folder(root: Path, labels: tuple[str, ...] | None = None) -> LabelledFiles:
    """Lists the images of a folder that holds a folder a class; in these, images may lie at any depth.

    Hidden files are skipped; what is no image, or lies outside of the class folders, is skipped and counted.
    Names are compared by their letters, see `find_places`.

    Args:
        root: The folder.
        labels: The classes of a model, in output order, of which not all need a folder; None takes the names of the
            folders, sorted.

    Raises:
        DataError: Without `labels`, fewer than two classes or one without images; with them, a folder that is none of
            them, or no images at all.
        SourceError: A folder does not exist or cannot be listed.
    """
    found, outside = _images_by_class(root)
    known = labels if labels is not None else tuple(found)
    targets = find_places(found, known, root)
    _check_classes(root, found, labels, targets)
    _say_nested(root, found)
    if labels is None:
        warn_of_spellings(known, root)
    if outside:
        log.warning("%s: %d images lie outside of the class folders and are skipped", root, outside)
    pairs = [(path, targets[name]) for name, paths in found.items() for path in paths]
    return LabelledFiles(known, tuple(path for path, _ in pairs), tuple(target for _, target in pairs))


def class_names(root: Path) -> tuple[str, ...]:
    """Returns the names of a dataset's class folders in Unicode's NFC form, sorted.

    Raises:
        DataError: There are none, or they are the splits of a dataset.
        SourceError: The folder does not exist or cannot be listed.
    """
    names = {normalize("NFC", entry.name) for entry in visible_entries(root) if entry.is_dir()}
    _check_folders(root, tuple(sorted(names)), None)
    return tuple(sorted(names))


def list_images(root: Path) -> tuple[Path, ...]:
    """Lists the images of a folder and of all folders below it, sorted.

    Hidden files and folders are skipped; files that are no images by name or content are skipped and counted.

    Raises:
        SourceError: A folder does not exist or cannot be listed.
    """
    return _list_images(root, frozenset())


def _list_images(root: Path, above: frozenset[str]) -> tuple[Path, ...]:
    files = list(_walk(root, above))
    images = tuple(path for path in files if is_image_file(path))
    if len(images) < len(files):
        log.info("%s: skipped %d files that are no images by name or content", root, len(files) - len(images))
    return images


def read_labelled(files: LabelledFiles, spec: InputSpec, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> LabelledImages:
    """Reads labelled files at a model's size; for each that cannot be read there is a warning.

    Args:
        files: The files.
        spec: What size and colour order the images are brought to.
        max_pixels: The most pixels to decode of one image.

    Raises:
        DataError: Not one image can be read.
    """
    read = _read_labelled(files, spec, max_pixels)
    for failure in read.failures:
        log.warning("%s", failure)
    if not len(read.images):
        raise none_readable(read.failures)
    return read


def read_in_batches(files: LabelledFiles, spec: InputSpec, batch_size: int) -> Iterator[LabelledImages]:
    """Reads labelled files at a model's size, so many at a time; nothing is said about those that cannot be read.

    Yields:
        The images of up to `batch_size` files, in their order; none where none of these can be read.
    """
    for start in range(0, len(files.paths), batch_size):
        part = slice(start, start + batch_size)
        yield _read_labelled(LabelledFiles(files.labels, files.paths[part], files.targets[part]), spec)


def none_readable(failures: Sequence[ImageError]) -> DataError:
    """Returns the error for images of which not one can be read."""
    if not failures:
        return DataError("no images")
    return DataError(f"none of {len(failures)} images can be read, the first: {failures[0]}")


def stop_at_failures(failures: Sequence[ImageError], *, strict: bool) -> None:
    """Raises, where it is meant strictly, at the first image that cannot be used.

    Raises:
        DataError: There is one, and `strict` is set.
    """
    if failures and strict:
        raise DataError(f"{failures[0]}: --strict stops here; mend or remove it, or leave --strict out")


def read_images(
    paths: Sequence[Path], spec: InputSpec, *, max_pixels: int = DEFAULT_MAX_PIXELS, warn: bool = True
) -> tuple[NDArray[np.uint8], tuple[ImageError, ...]]:
    """Reads images at a model's size, to learn from or to measure with: those that cannot be read, or are damaged, are
    left out. Large JPEGs are decoded at a reduced scale, as `cnnkit predict` decodes them for the same input.

    Args:
        paths: The files.
        spec: What size and colour order the images are brought to.
        max_pixels: The most pixels to decode of one image.
        warn: Whether to say what is odd about files whose image is whole.

    Returns:
        (N, height, width, channels) uint8 in the spec's colour order, in the order of `paths`, and what is wrong with
        each of the others, whose `source` is its path as text.
    """
    images = np.empty((len(paths), spec.height, spec.width, spec.channels), np.uint8)
    count, failures = 0, []
    for path in paths:
        try:
            image = read_image(path, max_pixels=max_pixels, taken=(spec,)).sound(str(path))
        except ImageError as error:
            failures.append(error)
            continue
        for warning in image.warnings if warn else ():
            log.warning("%s: %s", path, warning)
        images[count] = resize_image(image.pixels, spec)
        count += 1
    return images[:count], tuple(failures)


def _read_labelled(files: LabelledFiles, spec: InputSpec, max_pixels: int = DEFAULT_MAX_PIXELS) -> LabelledImages:
    images, failures = read_images(files.paths, spec, max_pixels=max_pixels)
    failed = {failure.source for failure in failures}
    good = [index for index, path in enumerate(files.paths) if str(path) not in failed]
    targets = np.array(files.targets, np.int64)[good]
    return LabelledImages(files.labels, images, targets, tuple(str(files.paths[index]) for index in good), failures)


def test_split(root: Path) -> Path:
    """Returns the folder of a dataset's test images where it has one, else the dataset's own.

    Raises:
        DataError: Two folders are called so.
        SourceError: The folder cannot be listed.
    """
    if not root.is_dir():
        return root
    layout = find_layout(root)
    if layout.test is not None:
        return layout.test
    if (root / "test").is_dir():  # without class folders
        return root / "test"
    return root if layout.divided else layout.train


def has_trained(root: Path, spec: ModelSpec) -> bool:
    """Whether a folder has the name of the one that a model was trained on."""
    trained = spec.provenance.dataset if spec.provenance else None
    return trained is not None and trained.name == root.resolve().name


def _images_by_class(root: Path) -> tuple[dict[str, tuple[Path, ...]], int]:
    """Returns the images of each class folder by its name in NFC, and how many lie beside the folders."""
    entries = visible_entries(root)
    outside = sum(not entry.is_dir() and is_image_file(entry.path) for entry in entries)
    found: dict[str, tuple[Path, ...]] = {}
    for entry in entries:
        if entry.is_dir():  # two folders may have one name in NFC
            name = normalize("NFC", entry.name)
            found[name] = found.get(name, ()) + _list_images(root / entry.name, frozenset({os.path.realpath(root)}))
    return dict(sorted(found.items())), outside


def _say_nested(root: Path, found: Mapping[str, tuple[Path, ...]]) -> None:
    """Says that images lie in folders inside of those of classes, loudly where these are the same everywhere."""
    inside = {name: {path.relative_to(root).parts[1:-1][:1] for path in paths} for name, paths in found.items()}
    nested = [name for name, folders in inside.items() if folders - {()}]
    same = set.intersection(*inside.values()) if inside else set()
    if len(nested) > 1 and len(same) > 1 and all(folders == same for folders in inside.values()) and () not in same:
        log.warning(
            "%s: each of %s holds the same folders, %s, whose images all count for the class around them: if these are "
            "the classes, or parts or kinds of images, give one folder of classes, with --val-data and --test-data for "
            "others", root, _shown(nested), _shown(sorted(folder for (folder,) in same))
        )  # fmt: skip
    elif nested:
        log.info("%s: images in folders inside of %s count for the class around them", root, _shown(nested))


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_FEW]) + (f", ... ({len(names)})" if len(names) > _FEW else "")


def _check_folders(root: Path, names: tuple[str, ...], labels: tuple[str, ...] | None) -> None:
    if not names:
        or_list = ", or a labels.csv that lists its images" if holds_images(root) else ""
        raise DataError(f"{root} holds no folders, expected one a class{or_list}{_or_lists(root)}")
    if all(map(part_named, names)) and not any(map(part_named, labels or ())):
        raise DataError(f"{root} holds the folders {', '.join(names)}, expected a folder a class: give one of these")


def _or_lists(root: Path) -> str:
    """Returns what to say of lists that lie there and are not taken by themselves."""
    lists = [entry.name for entry in visible_entries(root) if entry.name.lower().endswith((".csv", ".tsv"))]
    return f"; where {lists[0]} lists the images, give {root / lists[0]}" if lists else ""


def _check_classes(
    root: Path, found: dict[str, tuple[Path, ...]], labels: tuple[str, ...] | None, targets: Mapping[str, int]
) -> None:
    _check_folders(root, tuple(found), labels)
    if labels is None and len(found) < 2:
        raise DataError(
            f"{root} holds one class ({', '.join(found)}), expected at least two: a folder a class{_or_lists(root)}"
        )
    empty = [name for name, paths in found.items() if not paths]
    if empty and (labels is None or len(empty) == len(found)):
        raise empty_classes(root, empty)
    strangers = [name for name in found if name not in targets]
    if strangers:
        raise strangers_error(root, strangers, labels or ())


def empty_classes(root: Path, empty: Sequence[str]) -> DataError:
    """Returns the error for class folders without images: all are named at once."""
    if len(empty) == 1:
        return DataError(f"{root / empty[0]} holds no images: add some or remove the folder")
    shown = ", ".join(empty[:_SHOWN]) + (f", ... ({len(empty)})" if len(empty) > _SHOWN else "")
    return DataError(f"{root} holds {len(empty)} folders without images, {shown}: add some or remove these")


def strangers_error(data: Path, strangers: Sequence[str], labels: Sequence[str]) -> DataError:
    """Returns the error for classes of a dataset that are none of a model's."""
    shown = some_classes([str(data / name) for name in strangers])
    verb = "is" if len(strangers) == 1 else "are"
    return DataError(f"{shown} {verb} none of the model's classes: {some_classes(labels, strangers)}")


def _walk(folder: Path, above: frozenset[str]) -> Iterator[Path]:
    """Gives the files in a folder and below it, sorted; a link back to a folder that it lies in is not followed."""
    above |= {os.path.realpath(folder)}
    for entry in visible_entries(folder):
        path = folder / entry.name
        if not entry.is_dir():
            yield path
        elif not (entry.is_symlink() and os.path.realpath(path) in above):
            yield from _walk(path, above)
