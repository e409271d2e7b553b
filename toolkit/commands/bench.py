"""`cnnkit bench`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnkit.commands.bench_options import bench_options

if TYPE_CHECKING:
    from cnnkit.bench.report.writing import Format
    from cnnkit.bench.session import Session

_INTERRUPTED = 130  # 128 and SIGINT, as shells have it


@click.command()
@click.argument("reports", nargs=-1, type=click.Path(path_type=Path), metavar="[BENCH.JSON]...")
@bench_options
def command(
    reports: tuple[Path, ...],
    style: Format,
    output: Path | None,
    render: Path | None,
    report: Path | None,
    overwrite: bool,
    baseline: Path | None,
    max_regression: float,
    **measured: Any,
) -> None:
    """Measure latency, throughput, memory and accuracy.

    Latency is of one image at a time, in turns with the other contenders, each in a process of its own. With --original
    the Keras model is measured beside it, called in four ways: by predict, by predict_on_batch, and as a compiled
    function without and with XLA.

    With two or more BENCH.JSON and without options nothing is measured: they are compared, machine by machine.
    """
    from cnnkit.bench.baseline import read_baseline, regressions
    from cnnkit.bench.report.writing import report_session
    from cnnkit.files import check_new_file
    from cnnkit.messages import log

    for path in (output, report):
        if path is not None:
            check_new_file(path, overwrite=overwrite)
    if reports:
        _check_only_reports(reports, measured, render, report, baseline)
        _compare_machines(reports, style, output)
        return
    earlier = None if baseline is None else read_baseline(baseline)
    session = _session(render, measured)
    report_session(session, style, output, report, measured["data"])
    worse = [] if earlier is None else regressions(session, earlier, max_regression)
    for sentence in worse:
        log.error("%s", sentence)
    ended = session.unfinished if render is None else None
    if ended == "interrupted":
        click.get_current_context().exit(_INTERRUPTED)
    if worse or ended:
        click.get_current_context().exit(1)


def _session(render: Path | None, measured: dict[str, Any]) -> Session:
    """Measures, or reads what was measured."""
    from cnnkit.bench.options import PHOTO, BenchOptions
    from cnnkit.bench.report.reading import read_session
    from cnnkit.bench.run import run_bench
    from cnnkit.errors import UsageError
    from cnnkit.model import bundled_model

    models = (*measured["models"], *measured["compare"])
    if render is not None:
        if models or measured["original"] is not None:
            raise UsageError("--render measures nothing: leave --model and --original out")
        return read_session(render)
    if measured["runs"] is not None and measured["duration"] is not None:
        raise UsageError("--runs and --duration both say how long to measure: give one of them")
    chosen = {name: value for name, value in measured.items() if name not in ("models", "compare", "photo")}
    if not measured["models"]:
        models = (bundled_model(), *models)
    return run_bench(BenchOptions(models, photo=measured["photo"] or PHOTO, **chosen))


def _check_only_reports(reports: tuple[Path, ...], measured: dict[str, Any], *others: Path | None) -> None:
    from cnnkit.errors import UsageError

    if measured["models"] or measured["original"] is not None or any(path is not None for path in others):
        raise UsageError("with BENCH.JSON files nothing is measured or rendered: give them alone")
    if len(reports) < 2:
        raise UsageError(f"{reports[0]} alone is compared with nothing: give two, or --render {reports[0]}")


def _compare_machines(reports: tuple[Path, ...], style: Format, output: Path | None) -> None:
    from cnnkit.bench.machines import compare_reports
    from cnnkit.bench.report.machines_text import machines_report
    from cnnkit.files import write_text

    text = machines_report(compare_reports(reports), style)
    if output is None:
        click.echo(text.encode(), nl=False)
    else:
        write_text(output, text)
