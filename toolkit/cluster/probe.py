"""Tries whether a Ray cluster can be used: `python -m cnnkit.cluster.probe ADDRESS` exits with 0, or says why not.

A process of its own can be given up: Ray itself waits for minutes where something listens that is no Ray.
"""

from __future__ import annotations

import logging
import sys


def problem_of(address: str) -> str | None:
    """Connects as a prediction would.

    Args:
        address: Of a cluster.

    Returns:
        What Ray says is wrong; None where it connects.
    """
    import ray

    try:
        ray.init(address, logging_level=logging.CRITICAL, log_to_driver=False)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        return str(error) or type(error).__name__
    ray.shutdown()
    return None


if __name__ == "__main__":
    sys.exit(problem_of(sys.argv[1]))  # a text goes to stderr, and the exit code is 1
