"""Measures `cnnkit quantize` itself: time, peak memory, and the size of what it writes, metadata not counted.

    python tests/scripts/measure_quantizing.py model.onnx --calibration photos/train --data photos/test

What stands behind the folders goes to `cnnkit quantize` as it is: --calibration-size 1000, --scheme u8s8-7bit.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import onnx


def size_without_metadata(path: Path) -> int:
    """Returns the bytes of a model's graph alone."""
    model = onnx.load(path)
    del model.metadata_props[:]
    return len(model.SerializeToString())


def choice(output: Path) -> dict[str, object]:
    """Returns what was chosen: its name, its time over float32's, and how it answers, by the evidence beside it."""
    found = json.loads(output.with_suffix(".candidates.json").read_text(encoding="utf-8"))
    row = next(row for row in found["candidates"] if row["name"] == found["chosen"])
    drop = {name: row.get(key) for name, key in (("value", "drop"), ("low", "drop_low"), ("high", "drop_high"))}
    return {name: row.get(name) for name in ("name", "ratio", "agreement", "images")} | {"drop": drop}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--calibration", required=True)
    parser.add_argument("--data")
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments, rest = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "quantized.onnx")
        data = ["--data", arguments.data] if arguments.data else []
        command = [sys.executable, "-m", "cnnkit", "quantize", str(arguments.model), "--calibration"]
        start = time.perf_counter()
        done = subprocess.run([*command, arguments.calibration, *data, "-o", str(output), *rest], check=False)
        seconds = time.perf_counter() - start
        if done.returncode:
            return done.returncode
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        chosen = choice(output)
        before, after = size_without_metadata(arguments.model), size_without_metadata(output)
    click.echo(f"{seconds:.0f} s, at most {peak:,.0f} MiB; {before:,} -> {after:,} bytes, {after / before:.3f} x")
    if arguments.json:
        click.echo(
            json.dumps(
                {"seconds": seconds, "peak_mib": peak, "bytes_before": before, "bytes_after": after, "chosen": chosen}
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
