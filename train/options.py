"""Turns flags into a training request."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnkit.train.architectures import find_architecture
from cnnkit.train.devices import DeviceOptions
from cnnkit.train.recipe import Recipe, load_recipe, override
from cnnkit.train.training import TrainingRequest


def make_request(
    data: str, architecture: str, recipe: str | None, out: Path | None, flags: Mapping[str, Any]
) -> TrainingRequest:
    """Fills a request from flags; those that are None keep the recipe's or the default value.

    Args:
        data: digits, cifar10 or a folder.
        architecture: A name of the registry.
        recipe: A recipe's name or file; None takes the architecture's own.
        out: The run folder; None takes runs/ARCHITECTURE-DATA.
        flags: The fields of Recipe, TrainingRequest and DeviceOptions.

    Raises:
        UsageError: An unknown architecture or recipe, or a number out of range.
    """
    find_architecture(architecture)
    given = {name: value for name, value in flags.items() if value is not None}
    chosen = override(load_recipe(recipe or architecture), _only(given, Recipe))
    rest = _only(given, TrainingRequest)
    if data == "digits":
        rest.setdefault("color", "gray")
    name = Path(data).resolve().name
    return TrainingRequest(
        data=data,
        architecture=architecture,
        recipe=chosen,
        out=out or Path("runs") / f"{architecture}-{name}",
        devices=DeviceOptions(**_only(given, DeviceOptions)),
        **rest,
    )


def _only(flags: Mapping[str, Any], owner: type) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(owner)}
    return {name: value for name, value in flags.items() if name in names}
