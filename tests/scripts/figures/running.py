"""Runs the commands of figures as they are shown, in a folder in which they find what they name."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from figures.figure import DATA, ON_OLDER_CPU, FigureError, Output

FOLDERS = ("toolkit", "tests")  # of the repository, that commands name
JSON_COMMANDS = ("bench", "info", "quantize", "verify")
GRACE_S = 20  # for a command that is interrupted to clean up


def machine_form(command: str) -> list[str]:
    """Returns the words of a command, with the option that makes it print JSON, where it has one."""
    if command.startswith(ON_OLDER_CPU):
        return [*shlex.split(ON_OLDER_CPU), *machine_form(command.removeprefix(ON_OLDER_CPU))]
    words = shlex.split(command)
    if words[0] == "python":
        return [*words, "--json"]
    if words[0] == "cnnkit" and words[1] in JSON_COMMANDS and "--format" not in words:
        return [*words, "--format", "json"]
    return words


class Runner:
    """Runs each command once, and remembers what it printed.

    Args:
        repository: Where the project lies.
        work: An empty folder, in which commands run and leave their files.
        data: The JPEG copy of CIFAR-10, or None.
    """

    def __init__(self, repository: Path, work: Path, data: Path | None) -> None:
        self._repository, self._work = repository, work / "work"
        self._printed, self._said = work / "stdout", work / "stderr"
        self._work.mkdir()
        links = {name: repository / name for name in FOLDERS} | ({DATA: data} if data else {})
        for name, target in links.items():
            (self._work / name).symlink_to(target, target_is_directory=True)
        self._known: dict[str, Output] = {}

    def run(self, command: str, *, at_home: bool = False) -> Output:
        """Runs a command, unless it has run already.

        Raises:
            FigureError: It cannot be started, or its exit code is not 0.
        """
        if command not in self._known:
            self._known[command] = self._run(command, self._repository if at_home else self._work)
        return self._known[command]

    def _run(self, command: str, folder: Path) -> Output:
        start = time.perf_counter()
        with self._printed.open("wb") as stdout, self._said.open("wb") as stderr:
            try:
                process = subprocess.Popen(
                    machine_form(command), cwd=folder, env=_environment(), stdin=subprocess.DEVNULL,
                    stdout=stdout, stderr=stderr, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise FigureError(f"{command} cannot be started: {error.strerror}") from error
            code = _wait(process)
        seconds = time.perf_counter() - start
        if code:
            said = [line for path in (self._said, self._printed) for line in _text(path).splitlines() if line.strip()]
            raise FigureError(f"{command} ended with exit code {code}: {said[-1] if said else 'nothing was printed'}")
        return Output(_text(self._printed), seconds)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Waits for a command; where that is interrupted, so is the command with all that it started."""
    try:
        return process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _environment() -> dict[str, str]:
    """Returns the environment in which `python` and `cnnkit` are those that run this."""
    own = str(Path(sys.executable).parent)
    return os.environ | {"PATH": own + os.pathsep + os.environ.get("PATH", ""), "NO_COLOR": "1"}
