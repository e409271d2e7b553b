"""A flag for every field of a recipe, made from the fields themselves."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from cnnkit.train.recipes import Recipe


def recipe_options() -> tuple[Any, ...]:
    """Returns a click option for every field of `Recipe` but its name; what is not given is None."""
    return tuple(_option(entry) for entry in dataclasses.fields(Recipe) if entry.name != "name")


def _option(entry: dataclasses.Field[Any]) -> Any:
    flag, meaning = "--" + entry.name.replace("_", "-"), entry.metadata["meaning"]
    if isinstance(entry.default, bool):
        return click.option(f"{flag}/--no-{flag[2:]}", default=None, help=meaning)
    kind = click.Choice(entry.metadata["options"]) if "options" in entry.metadata else type(entry.default)
    return click.option(flag, type=kind, help=meaning)
