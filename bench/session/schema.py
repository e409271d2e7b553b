"""Checks a bench.json against the published schema: it may come from anywhere, and be damaged or made up."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

SCHEMA_VERSION = 1
_MOST = 1e15  # of any number: figures are made of them, which must not become too large
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,), "null": (type(None),),
    "number": (int, float), "integer": (int,),
}  # fmt: skip


def first_fault(report: Any) -> str | None:
    """Returns what is wrong with a report, the first thing in one line; None where nothing is.

    Fields that the schema does not name are no fault: a later cnnkit may have added them.
    """
    schema = _schema()
    return next(_faults(report, schema, schema["$defs"], "the file"), None)


@cache
def _schema() -> dict[str, Any]:
    text = files("cnnkit.bench.session").joinpath(f"bench-{SCHEMA_VERSION}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _faults(value: Any, schema: dict[str, Any], defs: dict[str, Any], where: str) -> Iterator[str]:
    """Checks what the schema uses of JSON Schema 2020-12, and no more."""
    if "$ref" in schema:
        yield from _faults(value, defs[schema["$ref"].rpartition("/")[2]], defs, where)
    if "anyOf" in schema:
        tried = [list(_faults(value, choice, defs, where)) for choice in schema["anyOf"]]
        if all(tried):
            yield from max(tried, key=len) if value is not None else tried[0]
    if "const" in schema and value != schema["const"]:
        yield f"{where} is {_short(value)}, expected {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {_short(value)}, expected one of {', '.join(schema['enum'])}"
    types = schema.get("type", [])
    names = [types] if isinstance(types, str) else types
    if names and not any(_is(value, name) for name in names):
        yield f"{where} is {_short(value)}, expected {' or '.join(names)}"
    elif isinstance(value, dict):
        yield from _in_object(value, schema, defs, where)
    elif isinstance(value, list):
        yield from _in_array(value, schema, defs, where)
    elif isinstance(value, int | float):
        yield from _in_number(value, schema, where)


def _in_object(value: dict[str, Any], schema: dict[str, Any], defs: dict[str, Any], where: str) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where} has no {name}"
    others = schema.get("additionalProperties", True)
    for name, each in value.items():
        if name in schema.get("properties", {}):
            yield from _faults(each, schema["properties"][name], defs, name)
        elif isinstance(others, dict):
            yield from _faults(each, others, defs, name)


def _in_array(value: list[Any], schema: dict[str, Any], defs: dict[str, Any], where: str) -> Iterator[str]:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
        yield f"{where} has {len(value)} items"
    for each in value:
        yield from _faults(each, schema.get("items", {}), defs, where)


def _in_number(value: float, schema: dict[str, Any], where: str) -> Iterator[str]:
    least, most = schema.get("minimum", -_MOST), schema.get("maximum", _MOST)
    if not least <= value <= most or value <= schema.get("exclusiveMinimum", -math.inf):
        yield f"{where} is {_short(value)}, which is out of range"


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
