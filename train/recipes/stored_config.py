"""The config.json of a run: what of it becomes flags again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.system import read_regular

CONFIG_FILE = "config.json"
# Data, fingerprint, teacher and weights belong to the machine that made it.
_REPEATED = ("architecture", "size", "color", "resize", "validation", "seed", "mixed_precision", "max_images")


def read_config(path: Path) -> dict[str, Any]:
    """Returns the flags that a run was trained with, without its recipe.

    Raises:
        UsageError: The file is missing, or no config.json of a run.
    """
    fields = _read(path)
    if not isinstance(fields.get("architecture", ""), str):
        raise _no_config(path, "its architecture is no name")
    try:
        return {name: fields[name] for name in _REPEATED if fields[name] is not None}
    except KeyError as error:
        raise _no_config(path, error) from error


def begun_from(run: Path) -> str | None:
    """Returns the SHA-256 of the model.keras that a run began with; None where there is no such run, or it had none.

    Raises:
        UsageError: Its config.json is damaged.
    """
    path = run / CONFIG_FILE
    return _read(path).get("earlier") if path.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(read_regular(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; expected the config.json of a run") from error
    except ValueError as error:
        raise _no_config(path, error) from error
    if not isinstance(fields, dict):
        raise _no_config(path, "it holds no fields")
    return fields


def _no_config(path: Path, why: object) -> UsageError:
    return UsageError(f"{path} is no config.json of a run: {why}")
