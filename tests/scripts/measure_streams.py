"""Measures what `cnnkit webcam` makes of bad streams, with servers of its own that know what is true.

python tests/scripts/measure_streams.py stall       # an RTSP camera that stands still for 10 seconds, five times
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from rtsp_server import now_ms, read_stamp

from cnnkit.sources import Video, open_video, parse_address

HELPERS = Path(__file__).parents[1] / "helpers"
STALLS, STALL_S, BETWEEN_S = 5, 10.0, 6.0
OLD_MS = 1000.0


class Watching:
    """What the loop would be given, frame by frame, with the true age of each."""

    def __init__(self, video: Video) -> None:
        self._source = video.frames()
        self.true_ages_ms: list[float] = []
        self.told_ages_ms: list[float] = []

    def watch(self, seconds: float) -> None:
        """Takes frames for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            frame = self._source.take(0.05)
            if frame is not None and frame.pixels is not None:
                self.true_ages_ms.append(float(now_ms() - read_stamp(frame.pixels)))
                self.told_ages_ms.append((time.perf_counter_ns() - frame.captured_ns) / 1e6)

    def close(self) -> None:
        """Gives the stream back."""
        self._source.close()


def measure_stall(stalls: int = STALLS, stall_s: float = STALL_S) -> dict[str, Any]:
    """Prints and returns how many frames were given as live that were older than a second."""
    command = [sys.executable, str(HELPERS / "rtsp_server.py"), "0", "25", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        watching = Watching(open_video(parse_address(server.stdout.readline().strip())))
        watching.watch(BETWEEN_S)
        for _ in range(stalls):
            server.send_signal(signal.SIGSTOP)
            watching.watch(stall_s)
            server.send_signal(signal.SIGCONT)
            watching.watch(BETWEEN_S)
        watching.close()
        server.kill()
    old = sum(age > OLD_MS for age in watching.true_ages_ms)
    given = len(watching.true_ages_ms)
    wrong = [true - told for true, told in zip(watching.true_ages_ms, watching.told_ages_ms, strict=True)]
    click.echo(
        f"{stalls} stalls of {stall_s:g} s: {old} frames older than a second given as live, of {given}; oldest "
        f"{max(watching.true_ages_ms):.0f} ms; true age above the age told: at most {max(wrong):.0f} ms"
    )
    return {"stalls": stalls, "old": old, "given": given, "oldest_ms": max(watching.true_ages_ms)}


def main() -> None:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ways = {"stall": measure_stall}
    parser.add_argument("what", choices=list(ways))
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    figures = ways[arguments.what]()
    if arguments.json:
        click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
