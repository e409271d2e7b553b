"""`--on-change`: a command for each change, with its row as JSON on stdin."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress

from cnnkit.errors import UsageError
from cnnkit.live.actions.delivery import NeverError, Parcel

_SECRET_VARIABLES = ("CNNKIT_SOURCE", "CNNKIT_TOKEN", "CNNKIT_WEBHOOK", "CNNKIT_MQTT")


def parse_command(text: str) -> list[str]:
    """Splits a command as a shell does, which then has no part in it: what a label holds is never run.

    Raises:
        UsageError: It is empty, not closed, or there is no such program.
    """
    try:
        words = shlex.split(text, posix=os.name == "posix")
    except ValueError as error:
        raise UsageError(f"--on-change cannot be split into words ({error}): close its quotation marks") from error
    if not words:
        raise UsageError("--on-change is empty: expected a command such as './notify.sh front-door'")
    if shutil.which(words[0]) is None:
        raise UsageError(
            f"--on-change: there is no program {words[0]}, or it may not be run: give the path of one that may"
        )
    return words


class Command:
    """A command that is run once for each change, one at a time.

    Args:
        words: Its program and arguments.
        limit_s: How long it may take.
    """

    def __init__(self, words: Sequence[str], limit_s: float) -> None:
        self._words, self._limit_s = words, limit_s
        self._running: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()  # held until one that has begun to run is known

    def run(self, parcel: Parcel) -> None:
        """Runs it to its end, or to that of its time; what it prints goes nowhere, its errors to stderr.

        Raises:
            NeverError: It cannot be started, fails or takes too long.
        """
        environment = {name: value for name, value in os.environ.items() if name not in _SECRET_VARIABLES}
        try:
            with self._starting:
                process = self._running = subprocess.Popen(
                    self._words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment,
                    start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise NeverError(f"{self._words[0]} cannot be started ({error.strerror})") from error
        line = json.dumps(parcel.fields(), allow_nan=False) + "\n"
        try:
            process.communicate(line.encode(), self._limit_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise NeverError(f"it took more than {self._limit_s:g} s and was ended (--action-seconds)") from None
        finally:
            self._running = None
        if process.returncode:
            raise NeverError(f"it ended with exit code {process.returncode}")

    def end(self) -> None:
        """Ends it where it still runs."""
        with self._starting:
            process = self._running
        if process is not None:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and those that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):  # it has ended by itself in this moment
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
