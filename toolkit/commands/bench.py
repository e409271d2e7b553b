"""`cnnkit bench`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnkit.commands import options as shared
from cnnkit.commands.values import fraction

if TYPE_CHECKING:
    from cnnkit.bench.reports import Format


@click.command()
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    type=click.Path(path_type=Path),
    help="An .onnx file that cnnkit exported; may be given several times  [default: the bundled INT8 model].",
)
@click.option("--original", type=click.Path(path_type=Path), help="The Keras file it came from, measured beside it.")
@click.option("--data", type=click.Path(path_type=Path), help="Class folders, or a folder with test/: adds accuracy.")
@click.option(
    "--runs", type=click.IntRange(1), help="Timed runs at batch 1  [default: enough for p99, if time allows]."
)
@click.option("--batch-size", type=click.IntRange(1), default=64, show_default=True, help="Images, for throughput.")
@shared.threads_option
@shared.provider_option
@click.option("--format", "style", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A file instead of stdout.")
@click.option(
    "--render", type=click.Path(path_type=Path), help="Measure nothing: draw this earlier bench.json once more."
)
@click.option("--photo", type=click.Path(path_type=Path), help="Timed from its bytes to its label  [default: a cat].")
@click.option("--report", type=click.Path(path_type=Path), help="A page for a browser as well, such as report.html.")
@shared.overwrite_option
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="An earlier bench.json: exit code 1 if it got worse since then."
)
@click.option(
    "--max-regression", type=fraction, default="10%", show_default=True, help="How much slower is not worse yet."
)
def command(
    models: tuple[Path, ...],
    original: Path | None,
    data: Path | None,
    runs: int | None,
    batch_size: int,
    threads: int | None,
    provider: str,
    style: Format,
    output: Path | None,
    render: Path | None,
    photo: Path | None,
    report: Path | None,
    overwrite: bool,
    baseline: Path | None,
    max_regression: float,
) -> None:
    """Measure latency, throughput, memory and accuracy.

    Latency is of one image at a time, in turns with the other contenders, each in a process of its own. With --original
    the Keras model is measured beside it, called by predict and as a compiled function.
    """
    from cnnkit.bench.baseline import read_baseline, regressions
    from cnnkit.bench.contenders import PHOTO, BenchOptions
    from cnnkit.bench.report_reading import read_session
    from cnnkit.bench.reports import report_session
    from cnnkit.bench.run import run_bench
    from cnnkit.errors import UsageError
    from cnnkit.files import check_new_file
    from cnnkit.messages import log
    from cnnkit.model import bundled_model

    for path in (output, report):
        if path is not None:
            check_new_file(path, overwrite=overwrite)
    earlier = None if baseline is None else read_baseline(baseline)
    if render is None:
        chosen = models or (bundled_model(),)
        session = run_bench(
            BenchOptions(chosen, original, data, runs, batch_size, threads, provider, photo=photo or PHOTO)
        )
    elif models or original is not None:
        raise UsageError("--render measures nothing: leave --model and --original out")
    else:
        session = read_session(render)
    report_session(session, style, output, report, data)
    worse = [] if earlier is None else regressions(session, earlier, max_regression)
    for sentence in worse:
        log.error("%s", sentence)
    if worse:
        click.get_current_context().exit(1)
