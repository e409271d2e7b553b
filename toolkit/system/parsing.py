"""JSON and TOML from anywhere: whatever is wrong with such a text is a ValueError."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """Reads JSON, of bytes in UTF-8, UTF-16 or UTF-32.

    Raises:
        ValueError: It is none, or Python cannot hold it.
    """
    return _flat(json.loads, text)


def parse_toml(text: str) -> dict[str, Any]:
    """Reads TOML.

    Raises:
        ValueError: It is none, or Python cannot hold it.
    """
    import tomllib

    fields: dict[str, Any] = _flat(tomllib.loads, text)
    return fields


def _flat(parse: Callable[[Any], Any], text: str | bytes) -> Any:
    try:
        return parse(text)
    except RecursionError as error:
        raise ValueError("one part stands within another too often") from error
