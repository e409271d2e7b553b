"""JSON for machines: UTF-8 on every system, whatever the terminal's encoding; and what it holds, read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

from cnnkit.system import print_data

T = TypeVar("T")
_ONE_LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False)


def to_json(value: object, *, indent: int | None = None) -> str:
    """Writes JSON that UTF-8 can encode: file names that are no Unicode become escapes, which read back the same."""
    text = (
        _ONE_LINE.encode(value)
        if indent is None
        else json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    )
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, indent=indent)
    return text


def print_json(value: object) -> None:
    """Prints a value as indented JSON on stdout."""
    print_data(to_json(value, indent=2) + "\n", is_json=True)


def from_fields(cls: type[T], values: Mapping[str, Any]) -> T:
    """Makes a dataclass of those of the values that it has fields for: a later version may have written more."""
    known = {field.name for field in fields(cast("Any", cls))}
    return cls(**{name: value for name, value in values.items() if name in known})
