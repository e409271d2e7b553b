"""Kills `cnnkit predict` over and over, resumes it, and compares the rows with the inputs.

    python tests/scripts/measure_resume.py FOLDER            # 100,000 rows of its JPEGs, killed five times

The files of the folder are named over and over until there are enough. The exit code is 1 where a row is lost or
doubled.
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

SECONDS = 3.0  # between a start and its kill


def run(names: Path, rows: Path, *, kill: bool) -> bool:
    """Starts or resumes a run, and returns whether it was killed."""
    command = [sys.executable, "-m", "cnnkit", "-q", "predict", "-", "--format", "jsonl", "-o", str(rows), "--resume"]
    with names.open("rb") as stdin, subprocess.Popen(command, stdin=stdin) as process:
        if not kill:
            return False
        time.sleep(SECONDS)
        alive = process.poll() is None
        process.kill()
        return alive


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    paths = list(islice(cycle(sorted(map(str, arguments.folder.rglob("*.jpg")))), arguments.rows))
    with tempfile.TemporaryDirectory() as folder:
        names, rows = Path(folder, "names.txt"), Path(folder, "rows.jsonl")
        names.write_text("\n".join(paths), encoding="utf-8")
        killed = sum(run(names, rows, kill=True) for _ in range(arguments.kills))
        run(names, rows, kill=False)
        with rows.open(encoding="utf-8") as file:
            found = [json.loads(line)["source"] for line in file]
    click.echo(
        f"killed {killed} times; {len(found):,} rows, {'those' if found == paths else 'NOT those'} of the inputs"
    )
    if arguments.json:
        click.echo(json.dumps({"killed": killed, "rows": len(found), "as_inputs": found == paths}))
    return int(found != paths)


if __name__ == "__main__":
    sys.exit(main())
