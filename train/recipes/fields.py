"""Fields of a recipe: a default with its meaning and limits, from which checks, flags and documentation are made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from cnnkit.errors import UsageError


def whole(default: int, low: int, high: int, meaning: str) -> Any:
    """A dataclass field for a whole number from low to high."""
    return field(default=default, metadata={"low": low, "high": high, "meaning": meaning})


def number(default: float, low: float, high: float, meaning: str) -> Any:
    """A dataclass field for a number from low to high."""
    return field(default=default, metadata={"low": low, "high": high, "meaning": meaning})


def choice(options: Sequence[str], meaning: str) -> Any:
    """A dataclass field for one of several words; the first is the default."""
    return field(default=options[0], metadata={"options": tuple(options), "meaning": meaning})


def switch(meaning: str) -> Any:
    """A dataclass field that is false unless it is set."""
    return field(default=False, metadata={"meaning": meaning})


def check_fields(owner: type, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Checks values against the fields of a dataclass.

    Args:
        owner: A dataclass made of the fields above.
        values: Field name to value.
        where: What the values were read from, for messages.

    Returns:
        The values, whole numbers made floats where the field is one.

    Raises:
        UsageError: A name is unknown, or a value ill-typed or out of range.
    """
    known = {entry.name: entry for entry in dataclasses.fields(owner)}
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"{where}: unknown field {name!r}, expected one of {', '.join(known)}")
        _check_value(known[name], value, where)
    return {name: float(value) if isinstance(known[name].default, float) else value for name, value in values.items()}


def _check_value(entry: dataclasses.Field[Any], value: object, where: str) -> None:
    default, limits = entry.default, entry.metadata
    expected = (int, float) if isinstance(default, float) else (type(default),)
    if not isinstance(value, expected) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise UsageError(f"{where}: {entry.name} is {value!r}, expected {type(default).__name__}")
    if "options" in limits and value not in limits["options"]:
        raise UsageError(f"{where}: {entry.name} is {value!r}, expected one of {', '.join(limits['options'])}")
    if "low" in limits and not limits["low"] <= value <= limits["high"]:
        raise UsageError(f"{where}: {entry.name} is {value}, expected {limits['low']:g} to {limits['high']:g}")
