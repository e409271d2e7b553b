"""A bench run as tables of text, which all renderings draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnnkit.bench.comparison import Comparison
from cnnkit.bench.measuring import STAGES
from cnnkit.bench.report.numbers import duration, significant, size, spread
from cnnkit.bench.session import Result, Session
from cnnkit.report import NOTHING, percent

Column = tuple[str, Callable[[Result], str]]
CLASSES = 5  # that lost most
_SAME_ANSWERS = ("original-predict", "original-batch", "original-xla")  # as the original as a function


@dataclass(frozen=True)
class Grid:
    """A table of text; a heading that begins with ">" is of a right-aligned column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def grids(session: Session, *, all_classes: bool = False) -> list[Grid]:
    """Returns tables of speed, size, accuracy and ratios, without columns and tables in which nothing is known.

    One wide table would be cut or folded on most terminals.

    Args:
        session: The run.
        all_classes: Whether all classes are listed, or those that lost most.
    """
    tables = [_grid(session, columns) for columns in (_speed(session), _PACED, _STAGES, _STARTS, _SIZE, _ACCURACY)]
    found = [grid for grid in tables if len(grid.columns) > 1]
    found += _classes(session, all_classes)
    if session.comparisons:
        found.append(Grid(_COMPARISON, tuple(map(_comparison_row, session.comparisons))))
    if session.ratios:
        found.append(Grid(("median latency of", "over that of", ">ratio", ">95 % interval"), _ratio_rows(session)))
    found += [_sweep(result) for result in session.results if result.sweep]
    found += [_profile(result) for result in session.results if result.profile is not None]
    return found


def _speed(session: Session) -> tuple[Column, ...]:
    return (
        (">p50 ms", lambda result: duration(result.latency_ms.p50)),
        (">95 % interval", lambda result: spread(result.latency_ms.intervals.get("p50"))),
        (">p90 ms", lambda result: duration(result.latency_ms.p90)),
        (">p99 ms", lambda result: duration(result.latency_ms.p99)),
        (">runs", lambda result: f"{result.latency_ms.n:,}"),
        (f">images/s, batch {session.options.batch_size}", lambda result: _throughput(result)),
    )


def _throughput(result: Result) -> str:
    return NOTHING if result.images_per_s is None else significant(result.images_per_s)


def _paced(cell: Callable[[Result], str]) -> Callable[[Result], str]:
    return lambda result: NOTHING if result.paced is None else cell(result)


_PACED: tuple[Column, ...] = (
    (">frames/s", _paced(lambda result: f"{result.paced.fps:g}")),  # type: ignore[union-attr]
    (">p50 ms at that pace", _paced(lambda result: duration(result.paced.latency_ms.p50))),  # type: ignore[union-attr]
    (">p95 ms", _paced(lambda result: duration(result.paced.latency_ms.p95))),  # type: ignore[union-attr]
    (">frames", _paced(lambda result: f"{result.paced.latency_ms.n:,}")),  # type: ignore[union-attr]
    (">dropped", _paced(lambda result: f"{result.paced.dropped:,}")),  # type: ignore[union-attr]
)
_STARTS: tuple[Column, ...] = tuple(
    (heading, lambda result, name=name: duration(getattr(result.cold_start, name, None)))  # type: ignore[misc]
    for heading, name in (
        (">start of a process ms", "process_ms"),
        (">load ms", "load_ms"),
        (">first inference ms", "first_ms"),
        (">together ms", "total_ms"),
    )
)
_SIZE: tuple[Column, ...] = (
    ("precision", lambda result: result.precision),
    ("runtime", lambda result: result.runtime),
    (">threads", lambda result: "default" if result.threads is None else str(result.threads)),
    (">size", lambda result: size(result.size_bytes)),
    (">peak memory", lambda result: size(result.peak_memory_bytes)),
)
_STAGES: tuple[Column, ...] = tuple(
    (f">{stage} ms", lambda result, stage=stage: duration((result.stages_ms or {}).get(stage)))  # type: ignore[misc]
    for stage in STAGES
)
_ACCURACY: tuple[Column, ...] = (
    (">top-1", lambda result: _top(result, "top1", "low", "high")),
    (">top-5", lambda result: _top(result, "top5", "top5_low", "top5_high")),
    (">macro F1", lambda result: percent(None if result.accuracy is None else result.accuracy.macro_f1)),
    (">same label as original", lambda result: percent(result.agreement_with_original)),
)
_COMPARISON = ("contender", "beside", ">same label", ">top-1 lost", ">right alone", ">p")


def _top(result: Result, *names: str) -> str:
    value, low, high = (getattr(result.accuracy, name, None) for name in names)
    return (
        NOTHING
        if value is None or low is None or high is None
        else f"{percent(value)} ({low * 100:.2f}-{high * 100:.2f})"
    )


def _classes(session: Session, every: bool) -> list[Grid]:
    """Returns how many images of each class are known, the classes first of which some contender loses most."""
    known = [
        (result.name, result.accuracy.classes)
        for result in session.results
        if result.accuracy is not None and result.accuracy.classes and result.kind not in _SAME_ANSWERS
    ]
    if not known:
        return []
    labels = known[0][1]
    rights = [[entry.right for entry in classes] for _, classes in known]
    there = [index for index, entry in enumerate(labels) if entry.images]
    order = sorted(there, key=lambda index: min(right[index] for right in rights) - rights[0][index])
    rows = tuple(
        (labels[index].label, f"{labels[index].images:,}", *(f"{right[index]:,}" for right in rights))
        for index in (order if every else order[:CLASSES])
    )
    return [Grid(("right, by class", ">images", *(f">{name}" for name, _ in known)), rows)]


def _comparison_row(found: Comparison) -> tuple[str, ...]:
    agreement, drop = found.agreement, found.accuracy_drop
    return (
        found.contender,
        found.reference,
        f"{percent(agreement.value)} ({agreement.low * 100:.2f}-{agreement.high * 100:.2f})",
        f"{drop.value * 100:.2f} points ({drop.low * 100:.2f} to {drop.high * 100:.2f})",
        f"{found.only_contender_right} : {found.only_reference_right}",
        f"{found.p_value:.2g}",
    )


def _grid(session: Session, columns: Sequence[Column]) -> Grid:
    drawn = [(heading, [cell(result) for result in session.results]) for heading, cell in columns]
    known = [(heading, cells) for heading, cells in drawn if set(cells) != {NOTHING}]
    names = [result.name for result in session.results]
    rows = zip(names, *(cells for _, cells in known), strict=True)
    told = tuple(row for row in rows if set(row[1:]) != {NOTHING})
    return Grid(("contender", *(heading for heading, _ in known)), told)


def _ratio_rows(session: Session) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            ratio.numerator,
            ratio.denominator,
            significant(ratio.ratio.value),
            spread((ratio.ratio.low, ratio.ratio.high)),
        )
        for ratio in session.ratios
    )


def _sweep(result: Result) -> Grid:
    """Returns images per second, a row for each batch size, a column for each number of threads."""
    threads = sorted({point.threads for point in result.sweep})
    found = {(point.batch_size, point.threads): point for point in result.sweep}
    rows = tuple(
        (f"{batch:,}", *(significant(found[batch, count].images_per_s) for count in threads))
        for batch in sorted({point.batch_size for point in result.sweep})
    )
    columns = (f">images/s with {count} thread{'s' if count > 1 else ''}" for count in threads)
    return Grid((f">{result.name}, batch", *columns), rows)


def _profile(result: Result) -> Grid:
    assert result.profile is not None
    rows = tuple(
        (node.name, node.op, node.arithmetic, duration(node.ms), percent(node.share)) for node in result.profile.nodes
    )
    return Grid((f"{result.name}, node", "operator", "arithmetic", ">ms", ">share"), rows)
