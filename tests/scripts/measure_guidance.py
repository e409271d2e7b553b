"""Which network for how many photos and which machine: accuracy, minutes of training, INT8 latency and file size.

    python tests/scripts/measure_guidance.py                      # the table of bench/FIGURES.md
    python tests/scripts/measure_guidance.py --networks 'efficientnet_lite0 --head-only' --sets masks

Photos are sets of $CNNKIT_PHOTOS, each with train and test. `sign:5` takes 5 training photos a class. Each training is
a process of its own; the network that the largest set trained is exported and quantized, and its INT8 file timed beside
float32 on one thread. Rows are printed as they come.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from cnnkit.sources import list_images

VARIABLE = "CNNKIT_PHOTOS"
NETWORKS = (
    "efficientnet_lite0", "efficientnet_lite0 --head-only", "efficientnet_lite1 --head-only",
    "bn3 --size 64 --resize crop",
)  # fmt: skip
SETS = ("masks", "sign:5", "sign:25", "sign")
_SEED = 0


def photos(name: str, folder: Path) -> Path:
    """Returns the folder of a set; of one with so many photos a class, links to them below `folder`."""
    name, _, count = name.partition(":")
    source = Path(os.environ.get(VARIABLE, ".")) / name
    if not count:
        return source
    target = folder / f"{name}-{count}"
    for label in sorted(path for path in (source / "train").iterdir() if path.is_dir()):
        there, into = list_images(label), target / "train" / label.name
        into.mkdir(parents=True)
        for index in np.random.default_rng(_SEED).permutation(len(there))[: int(count)]:
            (into / there[index].name).symlink_to(there[index].resolve())
    (target / "test").symlink_to((source / "test").resolve())
    return target


def train(folder: Path, network: str, out: Path) -> dict[str, Any]:
    """Trains, and returns top1 with its interval, test and training images, and minutes in all."""
    started = time.perf_counter()
    _cnnkit("train", str(folder), "--arch", *shlex.split(network), "--out", str(out))
    minutes = (time.perf_counter() - started) / 60
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    images = len(list_images(folder / "train"))
    return {name: metrics[name] for name in ("top1", "low", "high", "images")} | {"minutes": minutes, "train": images}


def deploy(run: Path, folder: Path) -> dict[str, Any]:
    """Exports and quantizes, and returns pixels a side, what was chosen, its bytes, and its ms on one thread."""
    onnx, chosen = run / "model.onnx", run / "model.int8.onnx"
    _cnnkit("export", str(run), "-o", str(onnx), "--overwrite")
    said = _cnnkit(
        "quantize", str(onnx), "--calibration", str(folder), "--data", str(folder / "test"), "-o", str(chosen),
        "--calibration-size", "200", "--threads", "1", "--overwrite", "--format", "json",
    )  # fmt: skip
    found = json.loads(said)
    rows = {row["name"]: row for row in found["candidates"]}
    mine, floating = rows[found["chosen"]], rows["float32"]
    pixels = json.loads((run / "config.json").read_text(encoding="utf-8"))["size"]
    return {"size": pixels, "chosen": found["chosen"], "bytes": found["size_bytes"], "ms": mine["latency_ms"],
            "ratio": mine["ratio"], "float_ms": floating["latency_ms"]}  # fmt: skip


def _cnnkit(*arguments: str) -> str:
    command = [sys.executable, "-m", "cnnkit", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"cnnkit {shlex.join(arguments)}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def measure(network: str, sets: list[str], folder: Path) -> dict[str, Any]:
    """Measures one network on all sets."""
    row: dict[str, Any] = {"network": network, "sets": {}}
    largest: tuple[int, Path, Path] | None = None
    for number, name in enumerate(sets):
        found, run = photos(name, folder / str(number)), folder / str(number) / "run"
        row["sets"][name] = one = train(found, network, run)
        click.echo(
            f"{network}, {name}: {100 * one['top1']:.1f} % ({100 * one['low']:.1f} to {100 * one['high']:.1f}) of "
            f"{one['images']}, {one['train']} training photos, {one['minutes']:.1f} minutes"
        )
        if largest is None or one["train"] > largest[0]:
            largest = one["train"], run, found
    assert largest is not None
    row |= deploy(*largest[1:])
    click.echo(f"{network}: {row['chosen']}, {row['ms']:.2f} ms, {row['ratio']:.2f} x float32, {row['bytes']:,} bytes")
    return row


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), help="an architecture, with options of train")
    parser.add_argument("--sets", nargs="+", default=list(SETS), help=f"folders of ${VARIABLE}, or NAME:PHOTOS-A-CLASS")
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    rows = []
    for network in arguments.networks:
        with tempfile.TemporaryDirectory() as temporary:
            rows.append(measure(network, arguments.sets, Path(temporary)))
    if arguments.json:
        click.echo(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
