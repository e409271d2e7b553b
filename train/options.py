"""Turns flags into a training request."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnkit.train.architectures import ARCHITECTURES, Architecture, add_option, choose_architecture
from cnnkit.train.devices import DeviceOptions
from cnnkit.train.recipe import Recipe, load_recipe, override
from cnnkit.train.training import TrainingRequest


def make_request(
    data: str, architecture: str, recipe: str | None, out: Path | None, flags: Mapping[str, Any]
) -> TrainingRequest:
    """Fills a request from flags; those that are None keep the recipe's or the default value.

    Args:
        data: digits, cifar10 or a folder.
        architecture: As `choose_architecture` reads it.
        recipe: A recipe's name or file; None takes the architecture's own.
        out: The run folder; None takes runs/ARCHITECTURE-DATA.
        flags: The fields of Recipe, TrainingRequest and DeviceOptions, and `weights`, an option of some architectures.

    Raises:
        UsageError: An unknown architecture or recipe, or a number out of range.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    if "weights" in given:
        architecture = add_option(architecture, "weights", given["weights"])
    network = choose_architecture(architecture)
    chosen = override(load_recipe(recipe) if recipe else _own_recipe(network.architecture), _only(given, Recipe))
    rest = _only(given, TrainingRequest)
    if data == "digits":
        rest.setdefault("color", "gray")
    name = Path(data).resolve().name
    return TrainingRequest(
        data=data,
        architecture=network.text,
        recipe=chosen,
        out=out or Path("runs") / f"{_folder_name(network.text)}-{name}",
        devices=DeviceOptions(**_only(given, DeviceOptions)),
        **rest,
    )


def _own_recipe(architecture: Architecture) -> Recipe:
    """Returns the recipe of an architecture's name; the defaults for the user's own."""
    return load_recipe(architecture.name) if architecture.name in ARCHITECTURES else Recipe()


def _folder_name(text: str) -> str:
    """Returns a name that is allowed for folders everywhere: "resnet8:width=32" becomes "resnet8-width-32"."""
    return re.sub(r"[^\w.]+", "-", text)


def _only(flags: Mapping[str, Any], owner: type) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(owner)}
    return {name: value for name, value in flags.items() if name in names}
