"""Measures whole processes against the least that could do the same, interleaved in one run.

    python tests/scripts/measure_startup.py --model model.onnx photo.jpg

`cnnkit predict photo.jpg` stands against ten lines of OpenCV and ONNX Runtime with the same model, `cnnkit --help`
against the import of click alone. Printed are medians with quartiles in milliseconds, and the ratio of the medians with
its 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from cnnkit.measuring import Interval, ratio_of_medians

PAIRS = (("cnnkit predict", "ten lines"), ("cnnkit --help", "import click"))
TEN_LINES = """
import sys
import cv2
import numpy as np
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
_, height, width, _ = session.get_inputs()[0].shape
pixels = cv2.resize(cv2.imread(sys.argv[2])[..., ::-1], (width, height), interpolation=cv2.INTER_AREA)
probabilities = session.run(None, {session.get_inputs()[0].name: pixels[None]})[0][0]
for index in np.argsort(-probabilities)[:5]:
    print(index, probabilities[index])
"""


def measure(pairs: dict[str, list[str]], runs: int) -> dict[str, list[float]]:
    """Runs the commands in turn, each once before the first that counts.

    Args:
        pairs: Commands by name.
        runs: How often each.

    Returns:
        Wall times in milliseconds by name.
    """
    times: dict[str, list[float]] = {name: [] for name in pairs}
    # An installed package has its byte code; here the first turn, which does not count, writes it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for turn in range(runs + 1):
        # Every other turn runs backwards, so that none always follows the same one.
        for name in list(pairs)[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            subprocess.run(pairs[name], check=True, stdout=subprocess.DEVNULL, env=environment)
            if turn:
                times[name].append(1000 * (time.perf_counter() - start))
    return times


def startup_times(model: Path, photo: Path, runs: int) -> dict[str, list[float]]:
    """Measures the four processes; see the head of this file."""
    python, cnnkit = sys.executable, str(Path(sys.executable).with_name("cnnkit"))
    return measure(
        {
            "cnnkit predict": [cnnkit, "predict", "--model", str(model), str(photo)],
            "ten lines": [python, "-c", TEN_LINES, str(model), str(photo)],
            "cnnkit --help": [cnnkit, "--help"],
            "import click": [python, "-c", "import click"],
        },
        runs,
    )


def ratio(times: dict[str, list[float]], name: str, other: str) -> Interval:
    """Returns the ratio of two medians; each turn is a round of its own."""
    return ratio_of_medians(*([[ms] for ms in times[each]] for each in (name, other)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="an ONNX file with a uint8 NHWC input")
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    options = parser.parse_args()
    times = startup_times(options.model, options.photo, options.runs)
    for name, values in times.items():
        low, middle, high = statistics.quantiles(values, n=4)
        sys.stdout.write(f"{name:14} {middle:7.1f} ms  ({low:.1f} to {high:.1f}, n = {len(values)})\n")
    ratios = {pair: ratio(times, *pair) for pair in PAIRS}
    for (name, other), found in ratios.items():
        sys.stdout.write(f"{name} / {other}: {found.value:.2f} ({found.low:.2f} to {found.high:.2f})\n")
    if options.json:
        listed = [
            {"numerator": name, "denominator": other, "ratio": found.value, "low": found.low, "high": found.high}
            for (name, other), found in ratios.items()
        ]
        sys.stdout.write(json.dumps({"n": options.runs, "ratios": listed}) + "\n")


if __name__ == "__main__":
    main()
