"""Measures `cnnkit bench` itself: what its measuring costs, and how well two runs of it agree.

    python tests/scripts/measure_bench.py toolkit/models/best.int8.onnx toolkit/models/best.onnx

The cost: its median of one image on one thread over that of a bare loop of `session.run` and `perf_counter` in a
process of its own, in turns. The agreement: the ratio between both files in one run over that in the run before.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median

import click

from cnnkit.timing import turn_order

BARE_LOOP = """
import sys
import time
import numpy as np
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
taken = session.get_inputs()[0]
image = np.random.default_rng(0).integers(0, 256, (1, *taken.shape[1:]), dtype=np.uint8)
times = []
for _ in range(1010):
    start = time.perf_counter()
    session.run(None, {taken.name: image})
    times.append(time.perf_counter() - start)
print(1000 * float(np.median(times[10:])))
"""
RUNS = 1000


def bench(*models: Path) -> dict[str, float]:
    """Returns the medians of one run, in milliseconds by contender."""
    arguments = ["--runs", str(RUNS), "--threads", "1", "--no-cold-start", "--format", "json"]
    for model in models:
        arguments += ["--model", str(model)]
    report = json.loads(_output([sys.executable, "-m", "cnnkit", "-q", "bench", *arguments]))
    return {contender["name"]: contender["latency_ms"]["p50"] for contender in report["contenders"]}


def cost(model: Path, pairs: int) -> list[float]:
    """Returns the median of `cnnkit bench` over that of the bare loop, for each pair of runs."""
    found: dict[str, list[float]] = {"bench": [], "bare": []}
    for turn in range(pairs):
        for name in turn_order(["bench", "bare"], turn):
            if name == "bench":
                found[name] += bench(model).values()
            else:
                found[name].append(float(_output([sys.executable, "-c", BARE_LOOP, str(model)])))
    return [ours / bare for ours, bare in zip(found["bench"], found["bare"], strict=True)]


def agreement(one: Path, other: Path, runs: int) -> list[float]:
    """Returns how the ratio of the medians of both models changes from run to run: 1 where it does not."""
    ratios = []
    for _ in range(runs):
        first, second = bench(one, other).values()
        ratios.append(first / second)
    return [after / before for before, after in pairwise(ratios)]


def summary(ratios: list[float]) -> dict[str, float]:
    return {"ratio": median(ratios), "low": min(ratios), "high": max(ratios), "n": len(ratios)}


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Measures and prints; see the head of this file."""
    arguments = _arguments()
    found = {
        "cost": summary(cost(arguments.int8, arguments.pairs)),
        "agreement": summary(agreement(arguments.int8, arguments.float32, arguments.pairs + 1)),
    }
    for what, text in (("cost", "bench over a bare loop"), ("agreement", "a ratio over that of the run before")):
        click.echo(f"{text}: {found[what]['ratio']:.3f} ({found[what]['low']:.3f} to {found[what]['high']:.3f})")
    if arguments.json:
        click.echo(json.dumps(found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("int8", type=Path)
    parser.add_argument("float32", type=Path)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
