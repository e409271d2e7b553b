"""Predicts on a local Ray cluster of two workers, one of which is killed halfway, and compares with a local run.

    python tests/scripts/measure_ray.py                          # 20,000 rows of a few JPEGs made for it
    python tests/scripts/measure_ray.py FOLDER --count 40000     # of a folder's JPEGs

Killed is by SIGKILL: a worker node's raylet and every process it had started. Needs the extra `ray`. The exit code is 1
where a row is lost, doubled or another one, something is left over, or Ray has printed something.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import click

TIMEOUT_S = 500
BLOCK = 1000


def made(folder: Path, number: int = 20) -> Path:
    """Makes JPEGs of 32 x 32 that differ."""
    import cv2
    import numpy as np

    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(number):
        coarse = random.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{index:02}.jpg"), cv2.resize(coarse, (32, 32), interpolation=cv2.INTER_CUBIC))
    return folder


def predict(names: Path, *arguments: str) -> list[str]:
    """Returns the call that predicts a list."""
    return [sys.executable, "-m", "cnnkit", "predict", f"@{names}", "--format", "jsonl", *arguments]


def shards(folder: Path) -> list[Path]:
    """Returns the shards that are there."""
    return sorted(folder.glob("part-*.jsonl"))


@contextmanager
def cluster() -> Iterator[tuple[str, list[Any]]]:
    """Starts a head without processors and two workers with one each; gives the address and the workers."""
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        yield started.address, [started.add_node(num_cpus=1) for _ in range(2)]
    finally:
        started.shutdown()


def kill(node: Any) -> int:
    """Kills a worker node's raylet and all that it had started; returns how many processes that were."""
    [raylet] = [each.process.pid for each in node.all_processes["raylet"]]
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(raylet)], capture_output=True, text=True, check=False)
    processes = [raylet, *map(int, listed.stdout.split())]
    for each in processes:
        os.kill(each, signal.SIGKILL)
    return len(processes)


def run_and_kill(call: list[str], folder: Path, half: int, node: Any) -> tuple[int, int, str]:
    """Runs a prediction, and kills a node once half of the shards are there.

    Returns:
        How many shards were there, the exit code, and what was printed.
    """
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while len(shards(folder)) < half and process.poll() is None:
        time.sleep(0.01)
    there = len(shards(folder))
    click.echo(f"{kill(node)} processes of a worker killed, {there} shards were there")
    try:
        printed, _ = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return there, process.returncode, printed


def compared(folder: Path, local: Path, count: int) -> dict[str, Any]:
    """Compares the shards with the rows of a local run, says what differs, and returns it."""
    rows = [json.loads(line) for path in shards(folder) for line in path.read_text().splitlines()]
    expected = [{"index": index, **json.loads(row)} for index, row in enumerate(local.read_text().splitlines())]
    indices = [row["index"] for row in rows]
    lost, doubled = len(set(range(count)) - set(indices)), len(indices) - len(set(indices))
    left = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    whole = (folder / "manifest.json").exists()
    click.echo(f"{len(rows):,} rows in {len(shards(folder))} shards, {lost} lost, {doubled} doubled")
    click.echo(f"the same as locally: {rows == expected}; manifest: {whole}; left over: {left or 'nothing'}")
    good = len(expected) == count and rows == expected and whole and not left
    return {"rows": len(rows), "shards": len(shards(folder)), "lost": lost, "doubled": doubled, "as_locally": good}


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, cluster() as (address, nodes):
        folder, names, local = (Path(temporary, name) for name in ("out", "names", "local.jsonl"))
        images = sorted((arguments.folder or made(Path(temporary, "images"))).rglob("*.jpg"))
        names.write_text("".join(f"{path}\n" for path in islice(cycle(images), arguments.count)))
        subprocess.run(predict(names, "-o", str(local)), check=True, timeout=TIMEOUT_S)
        call = predict(names, "--engine", "ray", "--address", address, "-o", str(folder))
        start = time.monotonic()
        there, code, printed = run_and_kill(call, folder, arguments.count // BLOCK // 2, nodes[1])
        click.echo(f"exit code {code} after {time.monotonic() - start:.0f} s, printed: {printed!r}")
        figures = compared(folder, local, arguments.count)
    if arguments.json:
        click.echo(json.dumps({**figures, "shards_before_kill": there}))
    return int(code != 0 or not figures["as_locally"] or len(printed.splitlines()) > 1)


if __name__ == "__main__":
    sys.exit(main())
