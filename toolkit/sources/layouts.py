"""How a dataset is laid out: which folders hold training, validation and test images, whatever they are called."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnnkit.errors import DataError, SourceError
from cnnkit.images import is_image_file
from cnnkit.sources.kinds import is_hidden
from cnnkit.system import log

Part = Literal["train", "val", "test"]

# What folders are called, in small letters: by Keras' and PyTorch's tutorials, Roboflow, Kaggle and others.
_WORDS: dict[str, Part] = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "validate": "val", "dev": "val",
    "test": "test", "testing": "test", "tests": "test", "holdout": "test",
}  # fmt: skip
_EITHER = ("eval", "evaluation")  # what of validation and test is not there yet
_BESIDE = frozenset({
    "set", "data", "dataset", "images", "image", "imgs", "img", "photos", "pictures", "split", "labels", "dir",
})  # fmt: skip  # training_set, test-images, trainLabels
_FEW = 10  # folders beside one another; more are classes
_REASONS: dict[type[OSError], str] = {
    FileNotFoundError: "no such folder",
    NotADirectoryError: "is a file, expected a folder",
    PermissionError: "permission denied",
}


@dataclass(frozen=True)
class Layout:
    """Where the parts of a dataset lie."""

    train: Path  # class folders; the whole dataset where it is not divided
    val: Path | None = None
    test: Path | None = None

    @property
    def divided(self) -> bool:
        """Whether the dataset says itself which images are for what."""
        return self.val is not None or self.test is not None or part_named(self.train.name) == "train"

    def part(self, name: Part) -> Path | None:
        """Returns the folder of one part."""
        return {"train": self.train, "val": self.val, "test": self.test}[name]


def find_layout(root: Path) -> Layout:
    """Finds the parts of a dataset.

    A folder that holds nothing but one folder of folders is passed through, as archives unpack to one, and so are parts
    of that form, such as Kaggle's seg_train/seg_train. A part that holds no class folders is left out, which is said.

    Args:
        root: A folder.

    Raises:
        DataError: Two folders have the name of one part.
        SourceError: A folder does not exist or cannot be listed.
    """
    root = _inside(root)
    folders, parts = folder_names(root), dict[Part, Path]()
    named = _named_parts(root, folders)
    if not named:
        return Layout(root)
    for folder, part in named.items():
        if part in parts:
            raise DataError(
                f"{root} holds {parts[part].name} and {folder}, which both name the {part} images: merge or rename one"
            )
        inside = _inside(root / folder)
        if folder_names(inside):
            parts[part] = inside
        else:
            log.warning("%s holds no class folders and is left out: its images have no labels", root / folder)
    strangers = [folder for folder in folders if folder not in named]
    if strangers:
        log.warning("%s: left out beside the parts of the dataset: %s", root, ", ".join(strangers[:5]))
    if "train" not in parts:
        return Layout(root)
    if any(folder != part for folder, part in named.items()):
        said = (f"{part} from {parts[part].relative_to(root)}" for part in ("train", "val", "test") if part in parts)
        log.info("%s is divided: %s", root, ", ".join(said))
    return Layout(parts["train"], parts.get("val"), parts.get("test"))


def _named_parts(root: Path, folders: list[str]) -> dict[str, Part]:
    """Returns the folders that are parts of a dataset; none where it is not divided."""
    named = {folder: part for folder in folders if (part := part_named(folder)) is not None}
    loosely = {folder: part for folder in folders if (part := _part_within(folder)) is not None}
    if _divides(root, folders, named):
        further = {folder: part for folder, part in loosely.items() if part not in named.values()}
        return _with_either(root, folders, {**named, **further})
    parts = set(loosely.values())
    if "train" in parts and len(parts) > 1 and all(folder_names(root / folder) for folder in loosely):
        return loosely
    return {}


def _with_either(root: Path, folders: list[str], named: dict[str, Part]) -> dict[str, Part]:
    """Returns the parts with a folder `eval` as that of validation or test which is missing."""
    parts: tuple[Part, ...] = ("val", "test")
    missing = [part for part in parts if part not in named.values()]
    either = [folder for folder in folders if folder.lower() in _EITHER and folder_names(root / folder)]
    return {**named, **dict(zip(either, missing, strict=False))}


def _divides(root: Path, folders: list[str], named: dict[str, Part]) -> bool:
    """Whether folders are parts of a dataset: `train` of class folders, and not a class `train` among others."""
    if "train" not in named.values():
        return False
    whole = [folder for folder, part in named.items() if part == "train"]
    others_too = len(set(named.values())) > 1 or len(named) == len(folders)
    return others_too or bool(folder_names(root / whole[0]))


def part_named(name: str) -> Part | None:
    """Returns the part that a name says: Training, test_set, seg_train; None for other names."""
    words = _words(name)
    joined = re.fullmatch(
        r"(train|training|val|valid|validation|validate|dev|test|tests|testing)(set|data)?", "".join(words)
    )
    if joined:
        return _WORDS[joined.group(1)]
    if len(words) == 2 and words[-1] in _WORDS:
        return _WORDS[words[-1]]
    return None


def _part_within(name: str) -> Part | None:
    """Returns the only part that any word of a name says, as in train-ants; such names are taken for parts together."""
    parts = {_WORDS[word] for word in _words(name) if word in _WORDS}
    return parts.pop() if len(parts) == 1 else None


def _words(name: str) -> list[str]:
    """Returns the words of a name in small letters, without digits and those that say nothing: trainLabels, 1_train."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.findall(r"[^\W\d_]+", apart.lower()) if word not in _BESIDE]


def _inside(folder: Path) -> Path:
    """Returns the folder itself, or the only folder in it where that holds folders and nothing else matters."""
    while True:
        folders = _to_look_into(folder)
        if len(folders) != 1 or holds_images(folder) or not folder_names(folder / folders[0]):
            return folder
        if part_named(folders[0]) is not None and part_named(folder.name) is None:
            return folder
        folder = folder / folders[0]
        log.info("the dataset is taken from %s", folder)


def _to_look_into(folder: Path) -> list[str]:
    """Returns the names of the folders in a folder; `images` alone where those beside it, `annotations`, hold none."""
    names = folder_names(folder)
    plain = [name for name in names if not _words(name) and not name.isdigit()]
    others = [name for name in names if name not in plain]
    alone = len(plain) == 1 and 0 < len(others) < _FEW and not any(_any_image(folder / name) for name in others)
    return plain if alone else names


def _any_image(folder: Path) -> bool:
    """Whether images may lie in a folder or below it: what links lead to is not looked at."""
    for where, folders, names in os.walk(folder):
        if any(os.path.islink(os.path.join(where, name)) for name in folders):
            return True
        if any(not is_hidden(name) and is_image_file(os.path.join(where, name)) for name in names):
            return True
    return folder.is_symlink()


def folder_names(folder: Path) -> list[str]:
    """Returns the names of the folders in a folder, sorted; see `visible_entries`."""
    return [entry.name for entry in visible_entries(folder) if entry.is_dir()]


def holds_images(folder: Path) -> bool:
    """Whether images lie in a folder itself."""
    files = (entry for entry in visible_entries(folder) if not entry.is_dir())
    return any(is_image_file(entry.path) for entry in files)


def visible_entries(folder: Path) -> list[os.DirEntry[str]]:
    """Returns what is in a folder and not hidden, sorted by name.

    Raises:
        SourceError: It does not exist or cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            shown = (entry for entry in entries if not is_hidden(entry.name))
            return sorted(shown, key=lambda entry: entry.name)
    except OSError as error:
        raise SourceError(f"{folder}: {_REASONS.get(type(error), error.strerror or str(error))}") from error
