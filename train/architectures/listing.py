"""What the registry holds, as `cnnkit train --list-archs` shows it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from cnnkit.report import print_table
from cnnkit.runtime import multiply_adds
from cnnkit.train.architectures.options import defaults_text
from cnnkit.train.architectures.registry import ARCHITECTURES
from cnnkit.train.architectures.shape import Architecture, NetworkShape

LISTED_CLASSES = 10


@dataclass(frozen=True)
class ListedArchitecture:
    """An architecture with its default options, for colour images of its own size and LISTED_CLASSES classes."""

    name: str
    parameters: int
    multiply_adds: int  # of one image
    size: int  # pixels a side
    options: str  # with their defaults, as --arch takes them


def print_architectures() -> None:
    """Prints all architectures on stdout."""
    columns = ("name", ">parameters", ">multiply-adds", ">input", "options")
    rows = []
    for listed in map(list_architecture, ARCHITECTURES.values()):
        size = f"{listed.size} x {listed.size} x 3"
        counts = (f"{listed.parameters:,}", f"{listed.multiply_adds:,}")
        rows.append((listed.name, *counts, size, listed.options))
    print_table(columns, rows, title=f"for {LISTED_CLASSES} classes, at the input size that is taken without --size")


def list_architecture(architecture: Architecture) -> ListedArchitecture:
    """Builds an architecture, without loading weights, and counts."""
    shape = NetworkShape(architecture.size, architecture.size, 3, LISTED_CLASSES, offset=128, spread=64.0)
    random = {"weights": "none"} if "weights" in _names(architecture.options) else {}
    network = architecture.build(shape, architecture.options(**random))
    return ListedArchitecture(
        architecture.name,
        int(network.count_params()),
        multiply_adds(network),
        architecture.size,
        defaults_text(architecture.options),
    )


def _names(options: type) -> set[str]:
    return {field.name for field in dataclasses.fields(options)}
