"""The options of `cnnkit bench`: what is measured, how, and where the figures go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options.shared import format_option, overwrite_option, strict_option, threads_option
from cnnkit.commands.options.values import Range, Seconds, fraction

_PATH = click.Path(path_type=Path)
_SUBJECTS = (
    click.option(
        "--model", "-m", "models", multiple=True, type=_PATH,
        help="An .onnx file; repeatable: each is measured beside the others  [default: the bundled INT8 model].",
    ),
    click.option("--compare", multiple=True, type=_PATH, help="Another .onnx file, measured beside it; repeatable."),
    click.option("--original", type=_PATH, help="The Keras file it came from, measured beside it."),
    click.option(
        "--original-call", "original_calls", multiple=True,
        type=click.Choice(["predict", "predict_on_batch", "function", "xla"]),
        help="How the original is called; repeatable  [default: all].",
    ),
    click.option(
        "--runtime", "runtimes", multiple=True, type=click.Choice(["litert", "openvino"]),
        help="Another runtime for the same network; repeatable.",
    ),
    click.option(
        "--calibration", type=_PATH, metavar="DIR", help="Images with which those runtimes make their own INT8."
    ),
    click.option("--data", type=_PATH, help="Class folders, test/ of them, or a list: adds accuracy."),
    strict_option,
)  # fmt: skip
_WAYS = (
    click.option("--runs", type=click.IntRange(1), help="Timed runs at batch 1  [default: for p99, if time allows]."),
    click.option("--duration", type=Seconds(0, min_open=True), help="Timed runs at batch 1 for so long, instead."),
    click.option("--fps", type=Range(0.1, 1000), help="Measure also at a camera's pace, such as 30."),
    click.option(
        "--batch-size", type=click.IntRange(1),
        help="Images run together, for throughput  [default: 64, fewer where that takes over a second].",
    ),
    click.option("--sweep", is_flag=True, help="Try threads and batch sizes, and say which to take."),
    click.option("--profile", is_flag=True, help="Show where the time goes in the graph, node by node."),
    click.option(
        "--cold-start/--no-cold-start", "cold_start", default=True, help="Time starts of new processes  [default: do]."
    ),
    click.option("--photo", type=_PATH, help="The photo that is timed from its bytes to its label  [default: a cat]."),
    threads_option,
    click.option(
        "--provider", "providers", multiple=True, default=("cpu",), show_default=True,
        help="Where the .onnx files run: cpu, cuda, ..., or auto; repeatable: each is measured beside the others.",
    ),
)  # fmt: skip
_RESULTS = (
    format_option("json", "markdown", "csv"),
    click.option("--output", "-o", type=_PATH, help="A file instead of stdout."),
    click.option("--render", type=_PATH, help="Measure nothing: draw this earlier bench.json once more."),
    click.option("--report", type=_PATH, help="A page for a browser as well, such as report.html."),
    overwrite_option,
    click.option("--baseline", type=_PATH, help="An earlier bench.json: exit code 1 if it got worse since then."),
    click.option(
        "--max-regression", type=fraction, default="10%", show_default=True, help="How much slower is not worse yet."
    ),
)  # fmt: skip


def bench_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds all options to a command."""
    for option in reversed((*_SUBJECTS, *_WAYS, *_RESULTS)):
        function = option(function)
    return function
