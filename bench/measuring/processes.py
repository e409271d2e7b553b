"""Contenders in processes of their own: no shared thread pools, no shared memory, and the death of one is told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cnnkit.bench.contenders import Contender, Loading, loading_of
from cnnkit.bench.measuring.pace import Paced
from cnnkit.bench.measuring.runner import Runner
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.stdout import last_words
from cnnkit.bench.subjects import Loaded
from cnnkit.errors import ModelError, SpecError, UsageError
from cnnkit.measuring import WarmUp

_ERRORS = {error.__name__: error for error in (ModelError, SpecError, UsageError)}
# -P: no file of the current folder is taken for a module
_COMMAND = (sys.executable, "-P", "-m", "cnnkit.bench.measuring.worker")
_PATIENCE_S = 5


class WorkerProcess:
    """A `Runner` in another process; it loads as soon as it is made.

    Args:
        loading: What to load.
        command: The worker's command line.
    """

    def __init__(self, loading: Loading, command: Sequence[str] = _COMMAND) -> None:
        self._name = loading.name
        self._asked = False  # and not answered
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the process that reports, which ends this one
        )
        self._send(asdict(loading))

    def loaded(self) -> Loaded:
        """See `Runner`; to be called once, before all else."""
        return Loaded(**self._receive())

    def warm_up(self, batch_size: int) -> WarmUp:
        """See `Runner`."""
        return WarmUp(**self._ask(call="warm_up", batch_size=batch_size))

    def time(self, batch_size: int, runs: int, warmup: int) -> list[float]:
        """See `Runner`."""
        times: list[float] = self._ask(call="time", batch_size=batch_size, runs=runs, warmup=warmup)
        return times

    def pace(self, fps: float, runs: int) -> Paced:
        """See `Runner`."""
        return Paced(**self._ask(call="pace", fps=fps, runs=runs))

    def sweep(self, threads: Sequence[int], batch_sizes: Sequence[int]) -> list[dict[str, Any]] | None:
        """See `Runner`."""
        points: list[dict[str, Any]] | None = self._ask(
            call="sweep", threads=list(threads), batch_sizes=list(batch_sizes)
        )
        return points

    def profile(self, runs: int) -> dict[str, Any] | None:
        """See `Runner`."""
        profile: dict[str, Any] | None = self._ask(call="profile", runs=runs)
        return profile

    def stages(self, photo: Path, runs: int, warmup: int) -> dict[str, list[float]] | None:
        """See `Runner`."""
        times: dict[str, list[float]] | None = self._ask(call="stages", photo=str(photo), runs=runs, warmup=warmup)
        return times

    def classify(self, images: Path, batch_size: int) -> list[list[int]]:
        """See `Runner`."""
        ranked: list[list[int]] = self._ask(call="classify", images=str(images), batch_size=batch_size)
        return ranked

    def peak_memory_bytes(self) -> int | None:
        """See `Runner`."""
        peak: int | None = self._ask(call="peak_memory_bytes")
        return peak

    def processor_s(self) -> float:
        """See `Runner`."""
        seconds: float = self._ask(call="processor_s")
        return seconds

    def close(self) -> None:
        """Ends the process, at once where it is in the middle of something: nobody waits for that any more."""
        if self._asked:
            self._process.kill()
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(BrokenPipeError):  # it is dead already
            self._process.stdin.close()
        self._exit_code()
        self._process.stdout.close()
        self._stderr.close()

    def _ask(self, **request: Any) -> Any:
        self._send(request)
        self._asked = True
        return self._receive()

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError as error:  # its end of the pipe is gone
            raise self._died() from error

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise self._died()
        self._asked = False
        reply = json.loads(line)
        if "error" in reply:
            raise _ERRORS.get(reply["type"], ModelError)(reply["error"])
        return reply["result"]

    def _exit_code(self) -> int:
        """Waits for the process to end, and ends it where that takes too long."""
        try:
            return self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _died(self) -> ModelError:
        code = self._exit_code()
        self._stderr.seek(0)
        words = last_words(self._stderr.read())
        said = f", its last words: {words}" if words else ""
        return ModelError(f"the process that measured {self._name} died ({_cause(code)}){said}")


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    return f"{name}, perhaps out of memory: try a smaller --batch-size" if name == "SIGKILL" else name


@contextmanager
def worker_processes(contenders: Sequence[Contender], options: BenchOptions) -> Iterator[dict[str, Runner]]:
    """Starts a process for each contender, all loading at once, and ends them with the block.

    Yields:
        Name of the contender -> its runner.
    """
    with ExitStack() as stack:
        runners: dict[str, Runner] = {}
        for contender in contenders:
            worker = WorkerProcess(loading_of(contender, options))
            stack.callback(worker.close)
            runners[contender.name] = worker
        yield runners
