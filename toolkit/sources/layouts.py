"""How a dataset is laid out: which folders hold training, validation and test images, whatever they are called."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnnkit.errors import DataError, SourceError
from cnnkit.images import IMAGE_SUFFIXES
from cnnkit.sources.kinds import is_hidden
from cnnkit.system import log

Part = Literal["train", "val", "test"]

# What folders are called, in small letters: by Keras' and PyTorch's tutorials, Roboflow, Kaggle and others.
_WORDS: dict[str, Part] = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
_BESIDE = frozenset({"set", "data", "dataset", "images", "imgs", "split"})  # training_set, test-images
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
    named = {folder: part for folder in folders if (part := part_named(folder)) is not None}
    if not _divides(root, folders, named):
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
    return Layout(parts["train"], parts.get("val"), parts.get("test"))


def _divides(root: Path, folders: list[str], named: dict[str, Part]) -> bool:
    """Whether folders are parts of a dataset: `train` of class folders, and not a class `train` among others."""
    if "train" not in named.values():
        return False
    whole = [folder for folder, part in named.items() if part == "train"]
    others_too = len(set(named.values())) > 1 or len(named) == len(folders)
    return others_too or bool(folder_names(root / whole[0]))


def part_named(name: str) -> Part | None:
    """Returns the part that a name says: Training, test_set, seg_train; None for other names."""
    words = [word for word in re.split(r"[\W_]+", name.lower()) if word and word not in _BESIDE]
    joined = re.fullmatch(r"(train|training|val|valid|validation|test|testing)(set|data)?", "".join(words))
    if joined:
        return _WORDS[joined.group(1)]
    if len(words) == 2 and words[-1] in _WORDS:
        return _WORDS[words[-1]]
    return None


def _inside(folder: Path) -> Path:
    """Returns the folder itself, or the only folder in it where that holds folders and nothing else matters."""
    while True:
        folders = folder_names(folder)
        if len(folders) != 1 or holds_images(folder) or not folder_names(folder / folders[0]):
            return folder
        if part_named(folders[0]) is not None and part_named(folder.name) is None:
            return folder
        folder = folder / folders[0]
        log.info("the dataset is taken from %s", folder)


def folder_names(folder: Path) -> list[str]:
    """Returns the names of the folders in a folder, sorted; see `visible_entries`."""
    return [entry.name for entry in visible_entries(folder) if entry.is_dir()]


def holds_images(folder: Path) -> bool:
    """Whether images lie in a folder itself, by their suffix."""
    files = (entry.name for entry in visible_entries(folder) if not entry.is_dir())
    return any(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in files)


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
