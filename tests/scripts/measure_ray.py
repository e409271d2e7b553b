"""Predicts on a local Ray cluster of two workers, one of which is killed halfway, and compares with a local run.

    python tests/scripts/measure_ray.py FOLDER          # 20,000 rows of its JPEGs

Needs the extra `ray`. The exit code is 1 where a row is lost, doubled or another one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import click

TIMEOUT_S = 300


def predict(names: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Starts a prediction of a list."""
    return subprocess.Popen([sys.executable, "-m", "cnnkit", "predict", f"@{names}", "--format", "jsonl", *arguments])


def shards(folder: Path) -> list[Path]:
    """Returns the shards that are there."""
    return sorted(folder.glob("part-*.jsonl"))


def main() -> int:
    """Measures and prints; see the head of this file."""
    from ray.cluster_utils import Cluster

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    arguments = parser.parse_args()
    images = sorted(arguments.folder.rglob("*.jpg"))
    with tempfile.TemporaryDirectory() as temporary:
        folder, names, local = (Path(temporary, name) for name in ("out", "names", "local.jsonl"))
        names.write_text("".join(f"{path}\n" for path in islice(cycle(images), arguments.count)))
        if predict(names, "-o", str(local)).wait(TIMEOUT_S):
            return 1
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        start = time.monotonic()
        process = predict(names, "--engine", "ray", "--address", cluster.address, "-o", str(folder))
        half = arguments.count // 1000 // 2
        while len(shards(folder)) < half and process.poll() is None:
            time.sleep(0.01)
        there = len(shards(folder))
        cluster.remove_node(nodes[1], allow_graceful=False)
        code = process.wait(TIMEOUT_S)
        seconds = time.monotonic() - start
        cluster.shutdown()
        rows = [json.loads(line) for path in shards(folder) for line in path.read_text().splitlines()]
        manifest = json.loads((folder / "manifest.json").read_text()) if code == 0 else None
        expected = [{"index": index, **json.loads(row)} for index, row in enumerate(local.read_text().splitlines())]
    indices = [row["index"] for row in rows]
    lost, doubled = len(set(range(arguments.count)) - set(indices)), len(indices) - len(set(indices))
    click.echo(
        f"a worker killed after {there} of {len(manifest['shards']) if manifest else '?'} shards, {seconds:.0f} s"
    )
    click.echo(f"{len(rows):,} rows, {lost} lost, {doubled} doubled, the same as locally: {rows == expected}")
    return int(rows != expected)


if __name__ == "__main__":
    sys.exit(main())
