"""Reads class names from a flag."""

from __future__ import annotations

import os
from pathlib import Path

from cnnkit.errors import UsageError
from cnnkit.spec import wrong_labels
from cnnkit.system import decode_text, parse_json

_EXPECTED = "expected a file with one name a line, or names separated by commas"


def parse_labels(text: str) -> tuple[str, ...]:
    """Reads class names, in output order.

    Args:
        text: A path of a text file with a name a line or of a JSON list, or names separated by commas.

    Raises:
        UsageError: It is neither, or the names are fewer than two, empty or not distinct.
    """
    path = Path(text)
    if os.path.isfile(path):  # a long list of names is no path for Path.is_file
        names = _read(path)
    elif "," in text:
        names = [name.strip() for name in text.split(",")]
    else:
        raise UsageError(f"--labels {text}: no such file, {_EXPECTED}")
    _check(names, text)
    return tuple(names)


def _read(path: Path) -> list[str]:
    try:
        content = decode_text(path.read_bytes())
        names = parse_json(content) if path.suffix == ".json" else content.splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"--labels {path} cannot be read ({error}), {_EXPECTED}") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"--labels {path} is no JSON list of names")
    return [name.strip() for name in names if name.strip()]


def _check(names: list[str], text: str) -> None:
    problem = wrong_labels(names)
    if problem is not None:
        raise UsageError(f"--labels {text} {problem}, {_EXPECTED}" if "" in names else f"--labels {text} {problem}")
