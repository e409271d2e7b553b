"""A graph with loops, run with a limit on its time: a loop in a file from elsewhere may have no end."""

from __future__ import annotations

import threading
from typing import Any

from cnnkit.system import ONNXRUNTIME, import_package

TIME_LIMIT_S = 120.0  # of one run


def run_limited(session: Any, outputs: list[str], inputs: dict[str, Any]) -> list[Any]:
    """Runs an `onnxruntime.InferenceSession`, and stops it after the limit.

    Raises:
        RuntimeError: It was stopped, or onnxruntime's own errors.
    """
    options = import_package(ONNXRUNTIME).RunOptions()
    options.log_severity_level = 4
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
