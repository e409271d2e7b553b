"""A contender in a process of its own: `python -m cnnkit.bench.measuring.worker`, JSON lines on stdin and stdout.

The first request is a `Loading`; each further one names a method of `Runner` under "call" and its arguments. Each is
answered by {"result": ...}, or by {"error": text, "type": class} for errors the user can act on. The process ends with
its stdin.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any, TextIO

from cnnkit.bench.contenders import Loading
from cnnkit.bench.interruptions import end_with_parent
from cnnkit.bench.measuring.runner import LocalRunner
from cnnkit.bench.stdout import claim_stdout
from cnnkit.errors import CnnkitError, ModelError
from cnnkit.measuring import Clock
from cnnkit.system import broken_imports


def serve(requests: Iterable[str], replies: TextIO, clock: Clock) -> None:
    """Answers requests until there are no more.

    Args:
        requests: JSON, one a line.
        replies: Where the answers go, one a line.
        clock: Where times come from.
    """
    runner: LocalRunner | None = None
    for line in requests:
        request = json.loads(line)
        try:
            if runner is None:
                with broken_imports():
                    runner = LocalRunner(Loading(**request), clock)
                gc.collect()
                gc.freeze()  # libraries and model stay: the collections between timings need not walk over them
                request = {"call": "loaded"}
            reply = {"result": _answer(runner, request)}
        except CnnkitError as error:
            reply = {"error": str(error), "type": type(error).__name__}
        except MemoryError:
            reply = {"error": "out of memory: try a smaller --batch-size or model", "type": ModelError.__name__}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


# Methods whose arguments are plain values, and whose answers are that or dataclasses.
_PLAIN = ("time", "warm_up", "pace", "sweep", "profile", "peak_memory_bytes", "processor_s")


def _answer(runner: LocalRunner, request: dict[str, Any]) -> Any:
    call = request.pop("call")
    if call == "loaded":
        return asdict(runner.loaded())
    if call == "stages":
        return runner.stages(Path(request["photo"]), request["runs"], request["warmup"])
    if call == "classify":
        return runner.classify(Path(request["images"]), request["batch_size"])
    if call not in _PLAIN:
        raise ValueError(f"unknown call {call!r}")
    answer = getattr(runner, call)(**request)
    return asdict(answer) if is_dataclass(answer) and not isinstance(answer, type) else answer


if __name__ == "__main__":
    end_with_parent()
    serve(sys.stdin, claim_stdout(), perf_counter_ns)
