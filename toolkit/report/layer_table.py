"""The layers of a network as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnkit.report.tables import NOTHING, print_table, short_name
from cnnkit.spec import LayerFacts

_COLUMNS = ("layer", "type", "output", ">parameters", ">multiply-adds")


def print_layers(layers: Sequence[LayerFacts], *, title: str = "") -> None:
    """Prints a row a layer on stdout, and last their sum."""
    print_table(_COLUMNS, list(_rows(layers)), title=title)


def _rows(layers: Sequence[LayerFacts]) -> Iterator[tuple[str, ...]]:
    for layer in layers:
        counts = _number(layer.parameters), _number(layer.multiply_adds)
        yield short_name(layer.name), short_name(layer.kind), _shape(layer.output_shape), *counts
    products = [layer.multiply_adds for layer in layers]
    known = [count for count in products if count is not None]
    all_of_them = _number(sum(known) if len(known) == len(products) else None)
    yield "total", f"{len(layers):,} layers", "", _number(sum(layer.parameters for layer in layers)), all_of_them


def _shape(sizes: tuple[int | None, ...] | None) -> str:
    return NOTHING if sizes is None else " x ".join("?" if size is None else str(size) for size in sizes)


def _number(count: int | None) -> str:
    return NOTHING if count is None else f"{count:,}"
