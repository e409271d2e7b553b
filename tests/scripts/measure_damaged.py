"""Damages good image files by flipping, cutting and doubling their bytes, and predicts all of them in one run.

    python tests/scripts/measure_damaged.py             # 5,000 files of JPEG, PNG, WebP and TIFF

The exit code is 1 where the run crashes, hangs, or leaves a file without a row.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click
import numpy as np

from cnnkit.system import import_cv2

PHOTO = Path(__file__).parents[2] / "toolkit" / "examples" / "cat.jpg"
KINDS = {
    ".jpg": [[], ["IMWRITE_JPEG_PROGRESSIVE", 1], ["IMWRITE_JPEG_RST_INTERVAL", 4]],
    ".png": [[], ["IMWRITE_PNG_COMPRESSION", 1]],
    ".webp": [["IMWRITE_WEBP_QUALITY", 80], ["IMWRITE_WEBP_QUALITY", 101]],
    ".tiff": [["IMWRITE_TIFF_COMPRESSION", 1], ["IMWRITE_TIFF_COMPRESSION", 5], ["IMWRITE_TIFF_COMPRESSION", 8]],
}
TIMEOUT_S = 600


def good_files() -> list[tuple[str, bytes]]:
    """Returns suffixes and bytes of good files of several kinds."""
    cv2 = import_cv2()
    photo = cv2.imread(str(PHOTO))
    files = []
    for suffix, options in KINDS.items():
        for option in options:
            flags = [getattr(cv2, part) if isinstance(part, str) else part for part in option]
            for size in ((96, 64), (301, 200)):
                files.append((suffix, cv2.imencode(suffix, cv2.resize(photo, size), flags)[1].tobytes()))  # noqa: PERF401
    return files


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Flips some bits, cuts the end off, cuts a piece out, or puts one in twice."""
    changed = bytearray(data)
    kind = rng.integers(4)
    if kind == 0:
        head = rng.random() < 0.5  # half of the time only where the headers are
        for at in rng.integers(0, min(len(data), 200) if head else len(data), rng.integers(1, 20)):
            changed[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        del changed[int(rng.integers(len(data))) :]
    else:
        start, size = int(rng.integers(len(data))), int(rng.integers(1, 400))
        piece = changed[start : start + size]
        changed[start : start + size] = b"" if kind == 2 else piece + piece
    return bytes(changed)


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    rng, good = np.random.default_rng(arguments.seed), good_files()
    with tempfile.TemporaryDirectory() as folder:
        for index in range(arguments.count):
            suffix, data = good[index % len(good)]
            Path(folder, f"{index:05}{suffix}").write_bytes(damaged(data, rng))
        start = time.monotonic()
        command = [sys.executable, "-m", "cnnkit", "-q", "predict", folder, "--format", "jsonl"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        seconds = time.monotonic() - start
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        expected = sorted(str(path) for path in Path(folder).iterdir())
    failed = Counter(row["error"].split(":")[0] for row in rows if row["error"] is not None)
    click.echo(
        f"{len(rows):,} rows for {len(expected):,} damaged files in {seconds:.1f} s, exit code {done.returncode}"
    )
    click.echo(f"predicted {len(rows) - failed.total():,}, refused {failed.total():,}: {dict(failed.most_common(12))}")
    click.echo(f"lines on stderr, of libjpeg: {len(done.stderr.splitlines()):,}")
    if arguments.json:
        click.echo(json.dumps({"files": len(expected), "rows": len(rows), "refused": failed.total()}))
    return int([row["source"] for row in rows] != expected or done.returncode not in (0, 1))


if __name__ == "__main__":
    sys.exit(main())
