"""Measures `cnnkit bench` itself: what its measuring costs, and how well two runs of it agree.

    python tests/scripts/measure_bench.py toolkit/models/best cifar10-jpeg/test

The first argument is what the names of three files begin with: .int8.onnx, .onnx and .keras. The cost: its median of
one image on one thread over that of a bare loop of `session.run` and `perf_counter` in a process of its own, in turns.
The agreement: how far the ratio between both ONNX files in one run lies from that in the run before. Then how long it
takes as it comes, and with the original, both files and a thousand images, and how large the page of that is.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

import click

from cnnkit.measuring import turn_order

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
A_CLASS = 100  # images


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


def durations(files: tuple[Path, Path, Path], data: Path) -> dict[str, float]:
    """Returns the seconds of a run as it comes and of one with everything, and the bytes of the latter's page."""
    int8, float32, original = map(str, files)
    with tempfile.TemporaryDirectory() as folder:
        some, page = Path(folder) / "images", Path(folder) / "report.html"
        for path in (path for label in sorted(data.iterdir()) for path in sorted(label.iterdir())[:A_CLASS]):
            (some / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, some / path.parent.name)
        short, everything = ["--model", int8], ["--model", int8, "--compare", float32, "--original", original]
        return {
            "default_s": _seconds(short),
            "everything_s": _seconds([*everything, "--data", str(some), "--report", str(page)]),
            "page_bytes": page.stat().st_size,
        }


def _seconds(arguments: list[str]) -> float:
    start = perf_counter()
    _output([sys.executable, "-m", "cnnkit", "-q", "bench", *arguments])
    return perf_counter() - start


def summary(ratios: list[float]) -> dict[str, float]:
    return {"ratio": median(ratios), "low": min(ratios), "high": max(ratios), "n": len(ratios)}


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Measures and prints; see the head of this file."""
    arguments = _arguments()
    files = tuple(Path(f"{arguments.models}{suffix}") for suffix in (".int8.onnx", ".onnx", ".keras"))
    found = {
        "cost": summary(cost(files[0], arguments.pairs)),
        "agreement": summary(agreement(*files[:2], arguments.pairs + 1)),
        **durations(files, arguments.data),
    }
    for what, text in (("cost", "bench over a bare loop"), ("agreement", "a ratio over that of the run before")):
        click.echo(f"{text}: {found[what]['ratio']:.3f} ({found[what]['low']:.3f} to {found[what]['high']:.3f})")
    click.echo(
        f"as it comes {found['default_s']:.0f} s, with everything and 1,000 images {found['everything_s']:.0f} s, "
        f"its page {found['page_bytes']:,} bytes"
    )
    if arguments.json:
        click.echo(json.dumps(found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", help="what the names of the files begin with")
    parser.add_argument("data", type=Path, help="class folders")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON in the last line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
