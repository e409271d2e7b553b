"""Class names as other exporters write them into a model file."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

from cnnkit.spec import wrong_labels

_KEYS = ("names", "labels", "classes", "class_names", "class_labels", "categories", "id2label", "label_names")


def metadata_labels(metadata: Mapping[str, str], count: int | None) -> tuple[str, ...] | None:
    """Reads the class names in a file's metadata.

    Understood are lists and dictionaries from index to name, in JSON or as Python prints them (Ultralytics: "names"),
    and names separated by line ends or commas.

    Args:
        metadata: Key -> text.
        count: How many the graph has outputs; None where it does not say.

    Returns:
        The names in output order; None where there are none, or not as many as outputs, or several different ones.
    """
    found = {names for key in _KEYS if (names := _parse(metadata.get(key, ""))) is not None}
    fitting = {names for names in found if count is None or len(names) == count}
    return fitting.pop() if len(fitting) == 1 else None


def _parse(text: str) -> tuple[str, ...] | None:
    value = _literal(text)
    if isinstance(value, dict):
        value = _in_order(value)
    if value is None and text and text[0] not in "[{":
        value = [part.strip() for part in (text.splitlines() if "\n" in text else text.split(","))]
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None
    return tuple(value) if wrong_labels(value) is None else None


def _literal(text: str) -> Any:
    """Returns a list or dictionary; None for anything else."""
    for read in (_json, _python):
        try:
            value = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        if isinstance(value, (list, dict)):
            return value
    return None


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=lambda pairs: _once([key for key, _ in pairs]) and dict(pairs))


def _python(text: str) -> Any:
    """Reads a literal; runs nothing."""
    node = ast.parse(text.strip(), mode="eval").body
    if isinstance(node, ast.Dict):
        _once([ast.dump(key) for key in node.keys if key is not None])
    return ast.literal_eval(node)


def _once(keys: list[str]) -> bool:
    if len(set(keys)) < len(keys):
        raise ValueError("a key is there twice")
    return True


def _in_order(names: Mapping[Any, Any]) -> list[Any] | None:
    """Returns the values of 0, 1, 2, ...; of names with their indices as values, the names."""
    if names and all(isinstance(value, int) for value in names.values()):
        names = {value: key for key, value in names.items()}
    by_index = {str(key): value for key, value in names.items()}
    order = [str(index) for index in range(len(names))]
    return [by_index[index] for index in order] if sorted(order) == sorted(by_index) else None
