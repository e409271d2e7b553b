"""x86 CPUs without VNNI, emulated or with VNNI hidden: what saturates there does so here."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.machine import describe_machine
from emulation.errors import CannotRunError, EmulationError
from emulation.older import older_cpu

QEMU = "qemu-x86_64-static"
CPU = "Haswell"  # AVX2, no VNNI
ERRORS = "errors.txt"
EXACT = "--exact"
_RUNNER = Path(__file__).with_name("run_graph.py")


class Runner:
    """A process that runs ONNX files, on this CPU or an emulated one.

    Args:
        process: Of `run_graph.py`.
        folder: Where inputs and outputs may lie.
    """

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder = process, folder

    def run(self, model: Path, inputs: Mapping[str, NDArray[np.generic]], batch: int = 0) -> NDArray[np.float32]:
        """Runs a file.

        Args:
            model: The file.
            inputs: Name -> what it takes, (n, ...).
            batch: How many of the n run together; 0 is all of them.

        Returns:
            Its first output, (n, ...).

        Raises:
            EmulationError: It cannot be run there.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        given, taken = self._folder / "inputs.npz", self._folder / "output.npy"
        np.savez(given, **inputs)  # type: ignore[arg-type]
        self._process.stdin.write("\t".join(map(str, (model.resolve(), given, taken, batch))) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            self._process.wait()
            *_, last = ["nothing", *(self._folder / ERRORS).read_text(encoding="utf-8").splitlines()]
            raise EmulationError(f"{model.name} cannot be run: it said {last}")
        output: NDArray[np.float32] = np.load(taken)
        return output


@contextmanager
def on_this_cpu() -> Iterator[Runner]:
    """Runs ONNX files on this machine's CPU, with exact integers: one without VNNI is told to sum them so."""
    has_vnni = describe_machine().int8_dot_product
    with _started([], *([] if has_vnni else [EXACT])) as runner:
        yield runner


@contextmanager
def as_programs_run_here() -> Iterator[Runner]:
    """Runs ONNX files on this machine's CPU without any option, as other programs do."""
    with _started([]) as runner:
        yield runner


@contextmanager
def on_older_cpu() -> Iterator[Runner]:
    """Runs ONNX files on this machine's CPU with AVX2 alone, as one without VNNI does.

    Raises:
        CannotRunError: What it has cannot be hidden.
    """
    with older_cpu() as words, _started(words) as runner:
        yield runner


@contextmanager
def on_haswell() -> Iterator[Runner]:
    """Runs ONNX files on an emulated CPU with AVX2 and without VNNI.

    Raises:
        CannotRunError: There is no emulator here, or this machine is no x86 one, whose Python it could run.
    """
    found = shutil.which(QEMU)
    if found is None or platform.machine() not in ("x86_64", "AMD64"):
        raise CannotRunError(f"{QEMU} on x86 is needed, expected Debian's package qemu-user-static")
    with _started([found, "-cpu", CPU]) as runner:
        yield runner


@contextmanager
def _started(emulator: list[str], *arguments: str) -> Iterator[Runner]:
    pipe, command = subprocess.PIPE, [*emulator, sys.executable, str(_RUNNER), *arguments]
    with (
        tempfile.TemporaryDirectory() as folder,
        Path(folder, ERRORS).open("w", encoding="utf-8") as errors,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True) as process,
    ):
        try:
            yield Runner(process, Path(folder))
        finally:
            process.communicate()  # closes its input, at which it ends
