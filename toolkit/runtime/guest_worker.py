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

Ask = Callable[[list[str], NDArray[Any]], list[NDArray[Any]]]  # names of tensors, what is taken

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
        ask = _asking_function(tf, wanted["folder"], wanted["served"])
        _reply(replies, [])
    for line in iter(requests.readline, b""):
        head = json.loads(line)
        with _ended_after(wanted["limit_s"]), _told(replies):
            if "graph" in head:
                look_into = _asking_graph(tf, requests.read(head["graph"]))
                _reply(replies, [])
            else:
                names, tensor = head["names"], _read(head, requests)
                _reply(replies, look_into(names, tensor) if names else ask(names, tensor))


def _asking_function(tf: Any, folder: str, served: str) -> Ask:
    """Returns what gives the one output of a served function."""
    loaded = tf.saved_model.load(folder)
    function = loaded.signatures[served]
    ((name, taken),) = function.structured_input_signature[1].items()

    def ask(_names: list[str], tensor: NDArray[Any]) -> list[NDArray[Any]]:
        assert loaded is not None  # its variables live as long as it does
        (output,) = function(**{name: tf.constant(tensor, taken.dtype)}).values()
        return [np.ascontiguousarray(output)]

    return ask


def _asking_graph(tf: Any, data: bytes) -> Ask:
    """Returns what gives tensors of a graph by name; it takes `image`."""
    graph, definition = tf.Graph(), tf.compat.v1.GraphDef()
    definition.ParseFromString(data)
    with graph.as_default():
        tf.graph_util.import_graph_def(definition, name="")
    session = tf.compat.v1.Session(graph=graph)
    return lambda names, tensor: [np.ascontiguousarray(value) for value in session.run(names, {"image:0": tensor})]


def _read(head: dict[str, Any], requests: IO[bytes]) -> NDArray[Any]:
    dtype = np.dtype(head["dtype"])
    size = int(np.prod(head["shape"])) * dtype.itemsize
    return np.frombuffer(requests.read(size), dtype).reshape(head["shape"])


def _reply(replies: IO[bytes], outputs: list[NDArray[Any]]) -> None:
    told = [{"shape": output.shape, "dtype": output.dtype.name} for output in outputs]
    _write(replies, {"outputs": told, "bytes": sum(output.nbytes for output in outputs)})
    for output in outputs:
        replies.write(output.tobytes())
    replies.flush()


def _write(replies: IO[bytes], head: dict[str, Any]) -> None:
    replies.write(json.dumps(head).encode() + b"\n")


@contextmanager
def _told(replies: IO[bytes]) -> Iterator[None]:
    """Says in one line what TensorFlow raises."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever its loader and its kernels raise
        _write(replies, {"error": _reason(str(error).strip() or type(error).__name__)})
        replies.flush()


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
