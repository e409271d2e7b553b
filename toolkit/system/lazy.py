"""Names that a room hands on: a module of it is imported when one of its names is first asked for.

So a room costs its users no more than the modules they use, and `cnnkit --help` imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def hand_on(room: str, names: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """Returns the `__getattr__` of a room, as PEP 562 has it.

    Nothing is kept: a name is looked up in its module each time, as it stands there by then.

    Args:
        room: The package's `__name__`.
        names: Module or room within it -> the names of it that are handed on.
    """
    modules = {name: module for module, listed in names.items() for name in listed}

    def look_up(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {room!r} has no attribute {name!r}", name=name)
        return getattr(import_module(f"{room}.{modules[name]}"), name)

    return look_up
