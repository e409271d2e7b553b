"""What a network is built for, and what the registry knows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnnkit.train.architectures.options import NoOptions


@dataclass(frozen=True)
class NetworkShape:
    """What a network is built for."""

    height: int  # pixels
    width: int  # pixels
    channels: int  # 3, or 1 for grey
    classes: int
    offset: int  # z: the whole pixel value that becomes 0
    spread: float  # s: the pixel distance that becomes 1
    independent: bool = False  # whether any number of the classes may be right, rather than one


@dataclass(frozen=True)
class Architecture:
    """A named network."""

    name: str
    size: int  # pixels a side it was designed for
    build: Callable[[NetworkShape, Any], Any]  # shape and an instance of `options` to a keras.Model
    smallest: int = 1  # pixels a side; fewer leave a later layer nothing to look at
    options: type = NoOptions  # a frozen dataclass, its fields made by `whole` and `one_of`
