"""A graph with loops, run with a limit on its time: a loop in a file from elsewhere may have no end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cnnkit.runtime.session import import_onnxruntime
from cnnkit.spec import read_model_bytes

TIME_LIMIT_S = 120.0  # of one run
_LOOPS = (b"Loop", b"Scan")  # names of operators
_FATAL = 4  # of onnxruntime's severities

Run = Callable[[list[str], dict[str, Any]], list[Any]]  # names of outputs, inputs by name


def running(session: Any, path: Path) -> Run:
    """Returns what runs an `onnxruntime.InferenceSession`: with a limit on its time where its file holds loops."""
    data = read_model_bytes(path)
    if not any(name in data for name in _LOOPS):  # the common case, at little cost
        run: Run = session.run
        return run
    return partial(_run_limited, session)


def _run_limited(session: Any, outputs: list[str], inputs: dict[str, Any]) -> list[Any]:
    """Runs a session, and stops it after the limit.

    Raises:
        RuntimeError: It was stopped, or onnxruntime's own errors.
    """
    options = import_onnxruntime().RunOptions()
    options.log_severity_level = _FATAL
    timer = threading.Timer(TIME_LIMIT_S, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        results: list[Any] = session.run(outputs, inputs, options)
        return results
    except Exception as error:  # onnxruntime's classes have no base of their own
        if not options.terminate:
            raise
        raise RuntimeError(
            f"it gives no answer within {TIME_LIMIT_S:g} s and was stopped: a loop in it may have no end"
        ) from error
    finally:
        timer.cancel()
