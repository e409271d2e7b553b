"""The loss that a Keras file was trained with, as it stands in the file: it tells what a linear last layer gives."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

_CONFIG, _ATTRIBUTE = "config.json", "training_config"  # of .keras and .h5 files
_MOST_BYTES = 64 * 1024**2  # of a configuration: more is none
_ONE_OF_ALL = frozenset(
    {"categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_focal_crossentropy"}
)
_EACH = frozenset({"binary_crossentropy", "binary_focal_crossentropy"})
_SHORT = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy"}


class StoredLoss(NamedTuple):
    """What a loss takes a model's answers for."""

    name: str  # as Keras' functions are called: "sparse_categorical_crossentropy"
    from_logits: bool = False

    def takes_logits(self) -> bool:
        """Whether it takes the logits of a softmax."""
        return self.from_logits and self.name in _ONE_OF_ALL

    def takes_logits_of_sigmoids(self) -> bool:
        """Whether it judges each class by itself, and takes its logit."""
        return self.from_logits and self.name in _EACH

    def __str__(self) -> str:
        return f"{self.name}{' from logits' if self.from_logits else ''}"


def stored_loss(path: Path) -> StoredLoss | None:
    """Reads the loss in a Keras file; None where there is none, or several, or what cannot be read.

    Args:
        path: A `.keras` or `.h5` file, which Keras has loaded, or anything else, which holds none.
    """
    if not path.is_file():
        return None
    text = _in_zip(path) if zipfile.is_zipfile(path) else _in_hdf5(path)
    try:
        config = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    if zipfile.is_zipfile(path):
        config = _field(config, "compile_config")
    return _loss(_field(config, "loss"))


def _in_zip(path: Path) -> bytes | None:
    with zipfile.ZipFile(path) as file:
        if _CONFIG not in file.namelist() or file.getinfo(_CONFIG).file_size > _MOST_BYTES:
            return None
        return file.read(_CONFIG)


def _in_hdf5(path: Path) -> str | bytes | None:
    import h5py

    with h5py.File(path, "r") as file:
        text: str | bytes | None = file.attrs.get(_ATTRIBUTE)
        return text


def _field(config: Any, name: str) -> Any:
    return config.get(name) if isinstance(config, dict) else None


def _loss(said: Any) -> StoredLoss | None:
    """Reads a loss as Keras writes it: a name, an object with its settings, or one of these for the one output."""
    if isinstance(said, str):
        return StoredLoss(_snake(said))
    if isinstance(said, list):
        return _loss(said[0]) if len(said) == 1 else None
    if not isinstance(said, dict):
        return None
    if "class_name" not in said:
        return _loss(next(iter(said.values()))) if len(said) == 1 else None
    settings = said.get("config")
    if isinstance(settings, str):  # a function, by its name
        return _loss(settings)
    return StoredLoss(_snake(str(said["class_name"])), from_logits=_field(settings, "from_logits") is True)


def _snake(name: str) -> str:
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.rpartition(">")[2]).lower()
    return _SHORT.get(snake, snake)
