"""A bench run as one self-contained page: the decision first, then what it rests on."""

from __future__ import annotations

import base64
from html import escape
from importlib.resources import files
from pathlib import Path

from cnnkit.bench.comparison import Change, ClassChange, Comparison
from cnnkit.bench.judging import Decision, decide
from cnnkit.bench.measuring import advice
from cnnkit.bench.report.charts import Point, accuracy_chart, latency_chart, sweep_chart
from cnnkit.bench.report.grids import Grid, grids
from cnnkit.bench.report.notes import machine_line, notes
from cnnkit.bench.session import Session
from cnnkit.errors import ImageError
from cnnkit.images import read_image
from cnnkit.system import import_cv2

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SHOWN = 60  # changed images of a model
_CLASSES = 5  # that lost most
_SIDE = 96  # pixels of a thumbnail
_QUALITY = 80


def html_report(session: Session, images: Path | None = None) -> str:
    """Returns the page; it asks no network for anything, and everything from outside is text in it.

    Args:
        session: The run.
        images: The data folder, whose changed images become part of the page; None leaves them out.
    """
    decision = decide(session) or Decision("none of them", ("no model was timed",))
    style = files("cnnkit.bench.report").joinpath("report.css").read_text(encoding="utf-8")
    parts = (
        f"<h1>cnnkit bench on {escape(session.machine.cpu)}</h1>",
        _decision(decision),
        _accuracy(session, decision),
        f"<h2>Latency</h2>{_scrolled(latency_chart(_latencies(session), decision.ship))}"
        '<p class="faint">Bars are the middle half of the runs, lines the middle 98 %, the stroke is the median.</p>',
        *_sweeps(session),
        "<h2>Figures</h2>" + "".join(map(_table, grids(session, all_classes=True))),
        _list("notes", [escape(note) for note in notes(session)]),
        *(_changes(images, found) for found in session.comparisons),
        f"<footer><h2>Machine</h2><p>{escape(machine_line(session.machine))}</p>"
        f"<p>measured with cnnkit {escape(session.version)}, {escape(session.date)}</p></footer>",
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>cnnkit bench: {escape(decision.headline)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _latencies(session: Session) -> dict[str, tuple[float, ...]]:
    return {name: times.latency_ms for name, times in session.timed.items()}


def _decision(decision: Decision) -> str:
    reasons = _list("", [escape(reason) for reason in decision.reasons])
    return f'<section class="decision" aria-label="Decision"><p>{escape(decision.headline)}</p>{reasons}</section>'


def _accuracy(session: Session, decision: Decision) -> str:
    points = [
        Point(r.name, r.latency_ms.p50, r.accuracy.top1, r.accuracy.low, r.accuracy.high, r.name == decision.ship)
        for r in session.results
        if r.accuracy is not None and r.latency_ms.p50 is not None and r.kind in ("model", "original-function")
    ]
    if not points:
        return ""
    return (
        f"<h2>Accuracy against latency</h2>{_scrolled(accuracy_chart(points))}"
        f'<p class="faint">Top-1 on {session.images:,} images with 95 % intervals; up and to the left is better.</p>'
    )


def _sweeps(session: Session) -> list[str]:
    parts = []
    for result in session.results:
        if result.sweep:
            lines: dict[int, dict[int, float]] = {}
            for point in result.sweep:
                lines.setdefault(point.threads, {})[point.batch_size] = point.images_per_s
            advised = _list("notes", [escape(sentence) for sentence in advice(result.name, result.sweep)])
            chart = _scrolled(sweep_chart(result.name, lines))
            parts.append(f"<h2>Threads and batch sizes of {escape(result.name)}</h2>{chart}{advised}")
    return parts


def _table(grid: Grid) -> str:
    kinds = [' class="number"' if column.startswith(">") else "" for column in grid.columns]
    head = "".join(
        f'<th scope="col"{kind}>{escape(column.removeprefix(">"))}</th>'
        for kind, column in zip(kinds, grid.columns, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in grid.rows
    )
    return _scrolled(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _scrolled(content: str) -> str:
    """Wraps what may be wider than a phone, so that it is scrolled by itself, by keyboard too."""
    return f'<div class="scroll" tabindex="0">{content}</div>'


def _list(kind: str, items: list[str]) -> str:
    return f'<ul class="{kind}">' + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _changes(images: Path | None, found: Comparison) -> str:
    """Draws the images to which a model gives another label; the first of them, where there are many."""
    if not found.changes:
        return ""
    shown = found.changes[:_SHOWN]
    more = f", the first {len(shown)} of them here" if len(shown) < len(found.changes) else ""
    items = [_change(images, change) for change in shown]
    lost = _list("notes", [_lost(change) for change in found.classes[:_CLASSES] if _loss(change) > 0])
    title = f"{escape(found.contender)} and {escape(found.reference)} differ on {len(found.changes):,} images{more}"
    return f"<h2>{title}</h2>" + lost + _list("changes", items)


def _loss(change: ClassChange) -> int:
    return change.reference_right - change.contender_right


def _lost(change: ClassChange) -> str:
    return (
        f"{escape(change.label)}: {change.contender_right:,} of {change.images:,} images right, "
        f"{change.reference_right:,} before"
    )


def _change(data: Path | None, change: Change) -> str:
    labels = "".join(
        f"{who}: <span{' class=right' if label == change.target else ''}>{escape(label)}</span><br>"
        for who, label in (("was", change.reference), ("is", change.contender))
    )
    where = f"right: {escape(change.target)}<br><span class=faint>{escape(change.image)}</span>"
    return _thumbnail(data, change) + labels + where


def _thumbnail(data: Path | None, change: Change) -> str:
    """Returns the image as part of the page; nothing where it is not there any more."""
    data = data.parent if data is not None and data.is_file() else data  # images are below a list's folder
    path = None if data is None else (data / change.image).resolve()
    if data is None or path is None or not path.is_relative_to(data.resolve()):
        return ""  # a file from elsewhere must not choose what is read
    try:
        pixels = read_image(path).pixels
    except ImageError:
        return ""
    cv2 = import_cv2()
    factor = min(1.0, _SIDE / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}">'
