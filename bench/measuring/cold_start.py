"""From nothing to the first answer, in a new process: `python -m cnnkit.bench.measuring.cold_start`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter_ns

from cnnkit.bench.contenders import Loading
from cnnkit.bench.interruptions import end_with_parent
from cnnkit.bench.stdout import claim_stdout, last_words
from cnnkit.errors import ModelError
from cnnkit.measuring import Clock

_STARTS = 5
_ENOUGH_S = 4.0  # of starts of one contender: the original takes seconds each
_COMMAND = (sys.executable, "-P", "-m", "cnnkit.bench.measuring.cold_start")


@dataclass(frozen=True)
class ColdStart:
    """Medians over several new processes, in milliseconds; the files are in the system's cache after the first."""

    process_ms: float  # until Python runs and has imported what it takes to load a model
    load_ms: float  # the runtime imported, the file read, the session made ready
    first_ms: float  # the first inference
    total_ms: float
    n: int  # processes


def measure_cold_starts(
    loadings: Sequence[Loading], *, command: Sequence[str] = _COMMAND, clock: Clock = perf_counter_ns
) -> dict[str, ColdStart]:
    """Starts each contender in new processes, in turns, five times or until it took four seconds.

    Returns:
        Name of the contender -> medians.

    Raises:
        ModelError: A process fails.
    """
    found: dict[str, list[tuple[float, float, float]]] = {loading.name: [] for loading in loadings}
    for _ in range(_STARTS):
        for loading in loadings:
            starts = found[loading.name]
            if sum(map(sum, starts)) < 1000 * _ENOUGH_S:
                starts.append(_start(loading, command, clock))
    return {name: _medians(starts) for name, starts in found.items()}


def _medians(starts: Sequence[tuple[float, float, float]]) -> ColdStart:
    process, load, first = (median(column) for column in zip(*starts, strict=True))
    return ColdStart(process, load, first, median(map(sum, starts)), len(starts))


def _start(loading: Loading, command: Sequence[str], clock: Clock) -> tuple[float, float, float]:
    with tempfile.TemporaryFile() as stderr:
        before = clock()
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, encoding="utf-8"
        ) as process:
            assert process.stdin is not None and process.stdout is not None
            with suppress(BrokenPipeError):  # it has ended already, and its last words say why
                process.stdin.write(json.dumps(asdict(loading)) + "\n")
                process.stdin.close()
            try:
                line = process.stdout.readline()
            except BaseException:  # interrupted: nobody waits for it any more
                process.kill()
                raise
            total = (clock() - before) / 1e6
        stderr.seek(0)
        said = last_words(stderr.read())
    if not line.endswith("\n"):
        raise ModelError(f"{loading.name} did not start: {said or 'no reason given'}")
    inside: Mapping[str, float] = json.loads(line)
    return total - inside["load_ms"] - inside["first_ms"], inside["load_ms"], inside["first_ms"]


def start(request: str, clock: Clock) -> str:
    """Loads a contender, classifies one image, and returns how long both took, as JSON."""
    loading = Loading(**json.loads(request))
    before = clock()
    from cnnkit.bench.measuring.runner import random_images
    from cnnkit.bench.subjects import load_subject

    subject = load_subject(loading)
    loaded = clock()
    subject.call(subject.input_tensor(random_images(subject.spec, 1, loading.seed)))
    return json.dumps({"load_ms": (loaded - before) / 1e6, "first_ms": (clock() - loaded) / 1e6})


if __name__ == "__main__":
    end_with_parent()
    replies = claim_stdout()
    replies.write(start(sys.stdin.readline(), perf_counter_ns) + "\n")
    replies.flush()
