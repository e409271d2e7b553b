"""Options of an architecture: the fields of a frozen dataclass, written NAME=VALUE,NAME=VALUE."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from cnnkit.errors import UsageError


@dataclass(frozen=True)
class NoOptions:
    """Of an architecture that is always the same."""


def whole(default: int, lowest: int, highest: int) -> Any:
    """Declares an option that is a whole number; the ends are allowed."""
    return dataclasses.field(default=default, metadata={"range": (lowest, highest)})


def one_of(default: str, *others: str) -> Any:
    """Declares an option that is one of some words."""
    return dataclasses.field(default=default, metadata={"choices": (default, *others)})


def parse_options(owner: type, text: str, architecture: str) -> Any:
    """Reads options.

    Args:
        owner: A dataclass whose fields `whole` and `one_of` declared.
        text: "NAME=VALUE,NAME=VALUE"; empty for none.
        architecture: Its name, for messages.

    Returns:
        An instance of `owner`; options that are not named keep their default.

    Raises:
        UsageError: An option is unknown, given twice, ill-typed or out of range.
    """
    fields = {field.name: field for field in dataclasses.fields(owner)}
    given: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in fields:
            expected = f", expected {' or '.join(fields)}" if fields else ": it has none"
            raise UsageError(f"{architecture} has no option {name!r}{expected}")
        if not equals:
            raise UsageError(f"{architecture}: {name} has no value, expected {name}=VALUE")
        if name in given:
            raise UsageError(f"{architecture}: {name} is given twice, expected once")
        given[name] = _value(fields[name], value, architecture)
    return owner(**given)


def options_text(options: Any) -> str:
    """Returns the options that differ from their defaults, in the order of their fields, as `parse_options` reads them.

    Two texts that mean the same network become one.
    """
    values = ((field, getattr(options, field.name)) for field in dataclasses.fields(options))
    return ",".join(f"{field.name}={value}" for field, value in values if value != field.default)


def defaults_text(owner: type) -> str:
    """Returns all options with their defaults, such as "width=16"."""
    return ",".join(f"{field.name}={field.default}" for field in dataclasses.fields(owner))


def _value(field: Any, text: str, architecture: str) -> int | str:
    if "choices" in field.metadata:
        choices = field.metadata["choices"]
        if text in choices:
            return text
        raise UsageError(f"{architecture}: {field.name} is {text!r}, expected {' or '.join(choices)}")
    lowest, highest = field.metadata["range"]
    if text.isascii() and text.isdecimal() and len(text) < 10 and lowest <= int(text) <= highest:
        return int(text)
    raise UsageError(f"{architecture}: {field.name} is {text!r}, expected a whole number from {lowest} to {highest}")
