"""What TensorFlow finds here, asked in a process of its own: a broken installation can hang or crash there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

TIME_LIMIT_S = 60.0
MARK = "cnnkit-probe:"  # libraries may write other lines to stdout
_SCRIPT = f"""
import json
import tensorflow as tf
details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
gpus = [[item.get("device_name", "GPU"), item.get("compute_capability")] for item in details]
facts = {{"version": tf.__version__, "built_with_cuda": tf.test.is_built_with_cuda(), "gpus": gpus}}
print("{MARK}" + json.dumps(facts))
"""


@dataclass(frozen=True)
class Gpu:
    """A GPU that TensorFlow can use."""

    name: str
    compute_capability: tuple[int, int] | None  # of NVIDIA GPUs


@dataclass(frozen=True)
class TensorFlowFacts:
    """What TensorFlow says, or why it says nothing."""

    version: str | None
    built_with_cuda: bool | None
    gpus: tuple[Gpu, ...]
    error: str | None = None  # why it cannot be used


def probe_tensorflow(
    command: Sequence[str] = (sys.executable, "-P", "-c", _SCRIPT), *, time_limit_s: float = TIME_LIMIT_S
) -> TensorFlowFacts | None:
    """Asks TensorFlow for its version and GPUs.

    Args:
        command: Prints `MARK` and the facts as JSON.
        time_limit_s: How long that may take, in seconds.

    Returns:
        The facts; None where TensorFlow is not installed.
    """
    if find_spec("tensorflow") is None:
        return None
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=time_limit_s, env=quiet, check=False)
    except subprocess.TimeoutExpired:
        return _failed(f"no answer within {time_limit_s:g} s")
    lines = [line.removeprefix(MARK) for line in done.stdout.decode().splitlines() if line.startswith(MARK)]
    if done.returncode or not lines:
        return _failed(f"exit code {done.returncode}: {_last_line(done.stderr)}")
    facts = json.loads(lines[-1])
    gpus = tuple(Gpu(name, tuple(capability) if capability else None) for name, capability in facts["gpus"])
    return TensorFlowFacts(facts["version"], facts["built_with_cuda"], gpus)


def _failed(why: str) -> TensorFlowFacts:
    return TensorFlowFacts(None, None, (), why)


def _last_line(output: bytes) -> str:
    return (output.decode(errors="replace").strip().splitlines() or ["no message"])[-1][:200]
