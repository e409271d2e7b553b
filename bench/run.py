"""A whole bench run."""

from __future__ import annotations

from cnnkit.bench.accuracy import classify_all, list_data
from cnnkit.bench.contenders import BenchOptions, make_contenders
from cnnkit.bench.disturbance import load_before
from cnnkit.bench.measure import time_contenders
from cnnkit.bench.processes import worker_processes
from cnnkit.bench.session import Session, summarise
from cnnkit.machine import describe_machine


def run_bench(options: BenchOptions) -> Session:
    """Measures what the options say, each contender in a process of its own.

    Raises:
        ModelError: A file is missing, no model or another one than expected, or its process died.
        SpecError: An ONNX file has no spec.
        DataError: The data folder cannot be used for these models.
        MissingExtraError: There is an original, and Keras is not installed.
    """
    load = load_before()
    contenders = make_contenders(options)
    files = None if options.data is None else list_data(options.data, contenders)
    with worker_processes(contenders, options) as runners:
        timed = time_contenders(contenders, runners, options)
        answers = None if files is None else classify_all(contenders, runners, options, files)
    return summarise(contenders, timed, answers, options, describe_machine(), load)
