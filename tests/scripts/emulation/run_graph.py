"""Runs ONNX files with NumPy and onnxruntime alone, one for each line it reads: fit for an emulated CPU.

    python run_graph.py [--exact]

Each line on stdin has MODEL, INPUTS.npz, OUTPUT.npy and BATCH with tabs between them. It answers "done", and ends with
a traceback where one cannot be run. With --exact products of bytes are summed exactly on x86 without VNNI as well:
onnxruntime makes weights unsigned there.
"""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented


def opened(model: str, *, exact: bool) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised
    if exact:
        options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(model: str, given: str, taken: str, batch: str, *, exact: bool) -> None:
    try:
        session = opened(model, exact=exact)
    except NotImplemented:  # of operators on signed activations, whose kernels are exact as they are
        session = opened(model, exact=False)
    inputs = dict(np.load(given))
    count = len(next(iter(inputs.values())))
    step = int(batch) or count
    parts = [
        session.run(None, {name: value[start : start + step] for name, value in inputs.items()})[0]
        for start in range(0, count, step)
    ]
    np.save(taken, np.concatenate(parts))


def main() -> None:
    for line in sys.stdin:
        model, given, taken, batch = line.rstrip("\n").split("\t")
        run(model, given, taken, batch, exact="--exact" in sys.argv)
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
