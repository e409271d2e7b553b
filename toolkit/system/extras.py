"""Optional dependencies: imported where they are used, and missed with the name of the extra that brings them."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

from cnnkit.errors import MissingExtraError


def require(what: str, extra: str, *modules: str) -> None:
    """Checks that modules can be found, without importing them.

    Args:
        what: What needs them, such as "cnnkit train".
        extra: The extra of the cnnkit distribution that brings them.
        modules: Top-level module names.

    Raises:
        MissingExtraError: One of them is not installed.
    """
    importlib.invalidate_caches()
    for module in modules:
        if find_spec(module) is None:
            raise MissingExtraError(what, extra, module)
