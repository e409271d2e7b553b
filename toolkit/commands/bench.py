"""`cnnkit bench`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cnnkit.commands.options import bench_options
from cnnkit.errors import CTRL_C_EXIT

if TYPE_CHECKING:
    from cnnkit.bench import Session
    from cnnkit.bench.report import Format

_GIVEN = ParameterSource.COMMANDLINE


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
    from cnnkit.bench import INTERRUPTED, interrupted_once, read_session, regressions
    from cnnkit.bench.report import report_session
    from cnnkit.errors import UsageError
    from cnnkit.system import log

    models = (*measured["models"], *measured["compare"], measured["original"])
    _check_outputs((output, report), (*reports, *models, render, baseline), overwrite)
    if baseline is None and click.get_current_context().get_parameter_source("max_regression") is _GIVEN:
        raise UsageError("--max-regression says how much slower than --baseline is allowed: name that file, too")
    if reports:
        _check_reports(reports, render, report, baseline)
        _compare_machines(reports, style, output)
        return
    earlier = None if baseline is None else read_session(baseline)
    with interrupted_once():
        try:
            session = _session(render, measured, earlier)
        except KeyboardInterrupt:
            log.error("interrupted before anything was measured")
            click.get_current_context().exit(CTRL_C_EXIT)
        report_session(session, style, output, report, measured["data"])
    worse = [] if earlier is None else regressions(session, earlier, max_regression)
    for sentence in worse:
        log.error("%s", sentence)
    ended = session.unfinished if render is None else None
    if ended == INTERRUPTED:
        click.get_current_context().exit(CTRL_C_EXIT)
    if worse or ended:
        click.get_current_context().exit(1)


def _session(render: Path | None, measured: dict[str, Any], baseline: Session | None) -> Session:
    """Measures, or reads what was measured."""
    from cnnkit.bench import BATCH_SIZE, PHOTO, BenchOptions, read_session, run_bench
    from cnnkit.errors import UsageError
    from cnnkit.runtime import bundled_model

    models = (*measured["models"], *measured["compare"])
    if render is not None:
        _check_alone("--render", allowed=("data",))
        return read_session(render)
    if measured["runs"] is not None and measured["duration"] is not None:
        raise UsageError("--runs and --duration both say how long to measure: give one of them")
    chosen = {name: value for name, value in measured.items() if name not in ("models", "compare", "photo")}
    if measured["original_calls"] and measured["original"] is None:
        raise UsageError("--original-call says how the original is called: name it with --original")
    if not measured["models"]:
        models = (bundled_model(), *models)
    chosen["fit_batch"] = measured["batch_size"] is None
    chosen["batch_size"] = measured["batch_size"] or BATCH_SIZE
    return run_bench(BenchOptions(models, photo=measured["photo"] or PHOTO, **chosen), baseline)


def _check_outputs(outputs: tuple[Path | None, ...], read: tuple[Path | None, ...], overwrite: bool) -> None:
    from cnnkit.errors import UsageError
    from cnnkit.system import check_new_file, check_other_file

    given = [path for path in outputs if path is not None]
    for path in given:
        check_new_file(path, overwrite=overwrite)
        for source in filter(None, read):
            check_other_file(path, source)
    if len(set(given)) < len(given):
        raise UsageError(f"--output and --report are both {given[0]}: give two names")


def _check_reports(reports: tuple[Path, ...], *others: Path | None) -> None:
    from cnnkit.errors import UsageError

    _check_alone("comparing BENCH.JSON files")
    if len(reports) < 2 or any(path is not None for path in others):
        raise UsageError("BENCH.JSON files are compared with one another: give two or more, without --render and so on")


def _check_alone(what: str, allowed: tuple[str, ...] = ()) -> None:
    """Checks that nothing is said of a measurement where nothing is measured."""
    from cnnkit.errors import UsageError

    context = click.get_current_context()
    results = ("reports", "style", "output", "render", "report", "overwrite", "baseline", "max_regression", *allowed)
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in results and context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise UsageError(f"{what} measures nothing: leave {parameter.opts[0]} out")


def _compare_machines(reports: tuple[Path, ...], style: Format, output: Path | None) -> None:
    from cnnkit.bench import compare_reports
    from cnnkit.bench.report import machines_report
    from cnnkit.system import print_data, write_text

    text = machines_report(compare_reports(reports), style)
    if output is None:
        print_data(text, is_json=style == "json")
    else:
        write_text(output, text)
