"""The config.json of a run: what of it becomes flags again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.spec import LARGEST_SEED, LARGEST_SIDE
from cnnkit.system import parse_json, read_regular
from cnnkit.train.recipes.fields import check_fields, choice, number, switch, whole

CONFIG_FILE = "config.json"
_NETWORK = "architecture"


@dataclass(frozen=True)
class _Repeated:
    """What is repeated beside the network: data, teacher and weights belong to the machine that had them."""

    size: int = whole(32, 8, LARGEST_SIDE, "Pixels a side.")
    color: str = choice(("rgb", "gray"), "Of the images.")
    resize: str = choice(("squash", "crop", "pad"), "How an image becomes that size.")
    validation: float = number(0.1, 0.001, 0.9, "Share of the training images that chooses the epoch.")
    seed: int = whole(0, 0, LARGEST_SEED, "Of all that is drawn at random.")
    mixed_precision: bool = switch("Whether arithmetic is in 16 bits.")
    max_images: int = whole(1, 1, 2**31, "The most training images.")


def read_config(path: Path) -> dict[str, Any]:
    """Returns the flags that a run was trained with, without its recipe.

    Raises:
        UsageError: The file is missing, or no config.json of a run.
    """
    fields = _read(path)
    if not isinstance(fields.get(_NETWORK, ""), str):
        raise _no_config(path, "its architecture is no name")
    names = [entry.name for entry in dataclasses.fields(_Repeated)]
    try:
        given = {name: fields[name] for name in (_NETWORK, *names) if fields[name] is not None}
    except KeyError as error:
        raise _no_config(path, f"it has no {error.args[0]}") from error
    flags = check_fields(_Repeated, {name: given[name] for name in names if name in given}, str(path))
    return {name: given[name] for name in given if name == _NETWORK} | flags


def begun_from(run: Path) -> str | None:
    """Returns the SHA-256 of the model.keras that a run began with; None where there is no such run, or it had none.

    Raises:
        UsageError: Its config.json is damaged.
    """
    path = run / CONFIG_FILE
    return _read(path).get("earlier") if path.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = parse_json(read_regular(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; expected the config.json of a run") from error
    except ValueError as error:
        raise _no_config(path, error) from error
    if not isinstance(fields, dict):
        raise _no_config(path, "it holds no fields")
    return fields


def _no_config(path: Path, why: object) -> UsageError:
    return UsageError(f"{path} is no config.json of a run: {why}")
