"""A whole bench run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cnnkit.bench.answers import Answers
from cnnkit.bench.contenders import Contender, check_names, make_contenders
from cnnkit.bench.interruptions import now_reporting
from cnnkit.bench.judging import check_common
from cnnkit.bench.measuring import (
    Measuring,
    classify_all,
    image_bytes,
    list_data,
    load_before,
    read_photo,
    worker_processes,
)
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.providers import check_providers, on_providers
from cnnkit.bench.session import INTERRUPTED, Session, summarise
from cnnkit.bench.subjects import check_runtimes, model_files, other_contenders, replaced_files
from cnnkit.errors import CnnkitError, UsageError
from cnnkit.machine import describe_machine
from cnnkit.sources import LabelledFiles
from cnnkit.system import log

_BATCH_MEMORY = 1 / 8  # of the machine's memory, for a batch as input: what networks make of it is larger


def run_bench(options: BenchOptions, baseline: Session | None = None) -> Session:
    """Measures what the options say, each contender in a process of its own.

    Where Ctrl-C interrupts it, or a contender fails after some were timed, the session holds what was measured until
    then and says so.

    Args:
        options: What to measure and how.
        baseline: An earlier run that it is to be compared with, which is checked first.

    Raises:
        ModelError: A file is missing, no model or another one than expected, or its process died.
        SpecError: An ONNX file has no spec.
        DataError: The data folder cannot be used for these models.
        UsageError: Options contradict one another, a provider is not known, or none is available here, or the batch
            does not fit into memory.
        ReportError: The baseline has none of the contenders.
        MissingExtraError: There is an original, and Keras is not installed; or another runtime is not.
        KeyboardInterrupt: Before anything was measured.
    """
    load = load_before()
    check_runtimes(options)
    options = replace(options, providers=check_providers(options.providers))
    read_photo(options.photo)
    contenders = make_contenders(options)
    _check_batch(contenders, options)
    files = None if options.data is None else list_data(options.data, contenders, strict=options.strict)
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        others = other_contenders(contenders, options, Path(folder))
        contenders = (*on_providers(contenders, options.providers), *others)
        check_names(contenders)
        if baseline is not None:
            check_common([contender.name for contender in contenders], baseline)
        return _measured(contenders, options, files, load)


def _check_batch(contenders: Sequence[Contender], options: BenchOptions) -> None:
    """Refuses a batch with which the machine would run out of memory, and take other programs with it."""
    memory = None if options.fit_batch else describe_machine().memory_bytes
    if memory is None:
        return
    image = 4 * max(map(image_bytes, contenders))  # float32
    most = max(1, int(memory * _BATCH_MEMORY) // image)
    if options.batch_size > most:
        raise UsageError(
            f"batch_size is {options.batch_size}, which is {1e-9 * image * options.batch_size:.1f} GB as input alone, "
            f"on a machine with {1e-9 * memory:.1f}: expected {most} at most"
        )


def _measured(
    contenders: Sequence[Contender], options: BenchOptions, files: LabelledFiles | None, load: float | None
) -> Session:
    answers: Answers | None = None
    unfinished: str | None = None
    before = model_files(contenders)
    with worker_processes(contenders, options) as runners:
        measuring = Measuring(contenders, runners, options, load)
        try:
            measuring.run()
            if files is not None:
                there = [contender for contender in contenders if contender.name in measuring.found()]
                for known in classify_all(there, runners, measuring.options, files):
                    answers = known
            now_reporting()
        except (KeyboardInterrupt, CnnkitError, OSError, MemoryError) as error:
            if not measuring.found():
                raise
            now_reporting()
            unfinished = str(error) or (INTERRUPTED if isinstance(error, KeyboardInterrupt) else type(error).__name__)
            log.error("%s; what was measured until then follows", unfinished)
    found = measuring.found()
    unfinished = unfinished or replaced_files(contenders, before)
    log.debug("summarising")
    options, machine, meanwhile = measuring.options, describe_machine(), measuring.load
    return summarise(contenders, found, answers, options, machine, meanwhile, files=before, unfinished=unfinished)
