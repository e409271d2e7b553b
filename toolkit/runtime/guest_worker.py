"""The process in which `cnnkit.runtime.guest` loads and asks a SavedModel; it ends itself where that takes too long."""

from __future__ import annotations

import faulthandler
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_MAX_REASON = 200  # characters
_NODE = re.compile(r"node \S{1,80}")
_NO_REASON = ("Graph execution error", "Detected at", "<stack traces", "Hint:")


def main() -> None:
    """Reads what to load and then images from stdin, and writes answers to stdout until stdin ends."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries print where they like
    requests = sys.stdin.buffer
    import tensorflow as tf

    wanted = json.loads(requests.readline() or sys.exit())
    _limit_memory()
    with _ended_after(wanted["limit_s"]), _told(replies):
        loaded = tf.saved_model.load(wanted["folder"])
        function = loaded.signatures[wanted["served"]]
        _reply(replies, {"bytes": 0})
    for head in iter(requests.readline, b""):
        with _ended_after(wanted["limit_s"]), _told(replies):
            output = _answer(function, _read(json.loads(head), requests))
            _reply(
                replies, {"shape": output.shape, "dtype": output.dtype.name, "bytes": output.nbytes}, output.tobytes()
            )


def _answer(function: Callable[..., Any], tensor: NDArray[Any]) -> NDArray[Any]:
    import tensorflow as tf

    ((name, taken),) = function.structured_input_signature[1].items()  # type: ignore[attr-defined]
    (output,) = function(**{name: tf.constant(tensor, taken.dtype)}).values()
    return np.ascontiguousarray(output)


def _read(head: dict[str, Any], requests: IO[bytes]) -> NDArray[Any]:
    dtype = np.dtype(head["dtype"])
    size = int(np.prod(head["shape"])) * dtype.itemsize
    return np.frombuffer(requests.read(size), dtype).reshape(head["shape"])


def _reply(replies: IO[bytes], head: dict[str, Any], data: bytes = b"") -> None:
    replies.write(json.dumps(head).encode() + b"\n" + data)
    replies.flush()


@contextmanager
def _told(replies: IO[bytes]) -> Iterator[None]:
    """Says in one line what TensorFlow raises."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever its loader and its kernels raise
        _reply(replies, {"error": _reason(str(error).strip() or type(error).__name__)})


def _reason(text: str) -> str:
    """Returns one line of TensorFlow's message, which says at which node, where the code stood, and then what."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(_NO_REASON)]
    node = _NODE.search(text)
    said = lines[0] if lines else text
    return f"{node[0]}: {said[:_MAX_REASON]}" if node else said[:_MAX_REASON]


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """Ends the process after some time, whatever it is in: the clock runs in a thread that needs no interpreter."""
    with open(os.devnull, "w", encoding="ascii") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _limit_memory() -> None:
    """Lets the process take as much memory as the machine has: an allocation beyond fails."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (there if most == resource.RLIM_INFINITY else min(there, most), most))


if __name__ == "__main__":
    main()
