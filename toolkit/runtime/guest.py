"""A SavedModel in a process of its own: what takes too long, or brings TensorFlow down, is ended with that process."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ModelError

TIME_LIMIT_S = 120.0  # to load a model, or to answer one batch
# -P: no file of the current folder is taken for a module
_COMMAND = (sys.executable, "-P", "-m", "cnnkit.runtime.guest_worker")
_LONGEST_HEAD = 65_536  # bytes


class Guest:
    """A served function of a SavedModel, asked in another process, which has a time limit and a memory limit.

    The process begins to import TensorFlow when this is made.

    Args:
        name: What the model is called in messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._limit_s = TIME_LIMIT_S
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            # Without GPUs: they round products of float32 to TF32.
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"},
            start_new_session=True,  # Ctrl-C is for the process that reports, which ends this one
        )
        self._end = weakref.finalize(self, _end, self._process, self._stderr)

    def load(self, folder: Path, served: str) -> None:
        """Loads the function; to be called once, before `answer`.

        Args:
            folder: What `cnnkit.runtime.saved_model_graph` let through; not needed any more when this returns.
            served: The name of the function.

        Raises:
            ModelError: It cannot be loaded, or not in time.
        """
        self._send({"folder": str(folder), "served": served, "limit_s": self._limit_s}, b"")
        self._receive("load")

    def answer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Returns the function's output for a batch of what it takes.

        Raises:
            ModelError: It gives none, or not in time.
        """
        return self.values([], tensor)[0]

    def load_graph(self, graph: bytes) -> None:
        """Loads what the function was traced to, a tf.GraphDef that takes `image`, to look into it by `values`.

        Raises:
            ModelError: It cannot be loaded, or not in time.
        """
        self._send({"graph": len(graph)}, graph)
        self._receive("load")

    def values(self, names: Sequence[str], tensor: NDArray[Any]) -> list[NDArray[Any]]:
        """Returns tensors of the graph by name for a batch of what it takes; the function's output where none is named.

        Raises:
            ModelError: It gives none, or not in time.
        """
        array = np.ascontiguousarray(tensor)
        self._send({"shape": array.shape, "dtype": array.dtype.name, "names": list(names)}, array.tobytes())
        head, data = self._receive("answer")
        values, start = [], 0
        for given in head["outputs"]:
            shape, dtype = given["shape"], np.dtype(given["dtype"])
            values.append(np.frombuffer(data, dtype, math.prod(shape), start).reshape(shape))
            start += values[-1].nbytes
        return values

    def _send(self, head: dict[str, Any], data: bytes) -> None:
        stream = _pipe(self._process.stdin)
        try:
            stream.write(json.dumps(head).encode() + b"\n" + data)
            stream.flush()
        except OSError as error:
            raise self._ended() from error

    def _receive(self, what: str) -> tuple[dict[str, Any], bytes]:
        stream, began = _pipe(self._process.stdout), time.monotonic()
        line = stream.readline(_LONGEST_HEAD)
        head: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {"ended": True}
        data = stream.read(head.get("bytes", 0))
        if "error" in head:
            raise ModelError(f"{self._name}: TensorFlow cannot {what} it: {head['error']}")
        if len(data) == head.get("bytes"):
            return head, data
        if time.monotonic() - began >= self._limit_s:
            raise ModelError(
                f"{self._name} does not {what} within {self._limit_s:g} s and was stopped: a loop in it may have no end"
            )
        raise self._ended()

    def _ended(self) -> ModelError:
        code = self._process.wait()
        self._stderr.seek(0)
        words = self._stderr.read().decode(errors="replace").strip().splitlines()
        said = f": {words[-1][:200]}" if words else ""
        return ModelError(f"{self._name} brings the process down that tries it (exit code {code}){said}")


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _end(process: subprocess.Popen[bytes], stderr: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, stderr):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                continue  # the process is gone
