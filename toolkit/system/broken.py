"""Imports that fail: whatever is wrong with an installed package becomes one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cnnkit.errors import CnnkitError


@contextmanager
def broken_imports() -> Iterator[None]:
    """Turns what goes wrong while any installed package is imported into one line; other errors pass.

    Raises:
        CnnkitError: A package is installed and cannot be imported.
    """
    try:
        yield
    except CnnkitError:
        raise
    except Exception as error:
        from cnnkit.system.importing import broken_import  # with what it needs, only where something is wrong

        line = broken_import(error)
        if line is None:
            raise
        raise CnnkitError(line) from error
