"""Measures which changes are lost or told twice while those who are told of them are away.

    python tests/scripts/measure_actions.py [--json]

`cnnkit webcam` watches a film that turns from red to blue and back each half second, and tells a webhook and a real
Mosquitto of each change. The webhook is away for a minute: half of it nothing listens, half of it the server answers
503. Mosquitto is stopped and started again, then killed and started again. Needs the extra mqtt, and Debian's package
mosquitto.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from mosquitto import MOSQUITTO, Listener, broker, free_port
from tiny_models import build_tiny_onnx, solid, tiny_spec

from cnnkit.system import import_cv2

SECONDS, HALF_S, RATE_HZ = 100.0, 0.5, 10
TOPIC = "door"


class Hooks:
    """A webhook that can be away: nothing listens then, or it answers 503."""

    def __init__(self) -> None:
        self.port, self.told, self.failing = free_port(), [], False
        self._server: ThreadingHTTPServer | None = None
        self.told: list[dict[str, Any]]

    def open(self) -> None:
        """Listens."""
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not hooks.failing:
                    hooks.told.append(body)
                self.send_response(503 if hooks.failing else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Listens no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def fail(self, failing: bool) -> None:
        """Answers 503 from now on, or takes what comes."""
        self.failing = failing


def write_film(path: Path, seconds: float) -> Path:
    """Writes a film that turns from red to blue and back."""
    cv2 = import_cv2()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), float(RATE_HZ), (64, 48))
    pictures = [solid(color, 48, 64)[..., ::-1].copy() for color in ("red", "blue")]
    for number in range(round(seconds * RATE_HZ)):
        writer.write(pictures[int(number / RATE_HZ / HALF_S) % 2])
    writer.release()
    return path


def do_at(start_s: float, steps: Sequence[tuple[float, Callable[[], None]]]) -> None:
    """Does each step at its second."""
    for at_s, step in steps:
        time.sleep(max(0.0, start_s + at_s - time.monotonic()))
        step()


def counted(changes: Sequence[int], told: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Returns how many changes were not told, how many more than once, and of how many of these it was said."""
    times = Counter(each["frame"] for each in told)
    doubled = [frame for frame, count in times.items() if count > 1]
    said = {each["frame"] for each in told if each["repeated"]}
    return {
        "lost": sum(frame not in times for frame in changes),
        "doubled": len(doubled),
        "said": sum(frame in said for frame in doubled),
    }


def measure(seconds: float = SECONDS) -> dict[str, Any]:
    """Runs a film while webhook and broker come and go; returns the counts of both."""
    hooks = Hooks()
    hooks.open()
    with tempfile.TemporaryDirectory() as name, broker(Path(name)) as mosquitto:
        folder = Path(name)
        (folder / "tiny.onnx").write_bytes(build_tiny_onnx(tiny_spec()))
        film = write_film(folder / "film.avi", seconds)
        command = [sys.executable, "-m", "cnnkit", "webcam", "-s", film, "-m", folder / "tiny.onnx", "--headless"]
        addresses = {
            "CNNKIT_WEBHOOK": f"http://127.0.0.1:{hooks.port}/", "CNNKIT_MQTT": f"mqtt://127.0.0.1:{mosquitto.port}/door"
        }  # fmt: skip
        with closing(Listener(mosquitto.port)) as listener:
            process = subprocess.Popen(
                [*command, "--smooth", "0", "--for", "0s"], env=os.environ | addresses, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            steps = [
                (10.0, mosquitto.stop), (20.0, hooks.close), (25.0, mosquitto.start),
                (45.0, lambda: mosquitto.stop(kill=True)), (50.0, lambda: hooks.fail(True)), (50.1, hooks.open),
                (60.0, mosquitto.start), (80.0, lambda: hooks.fail(False)),
            ]  # fmt: skip
            threading.Thread(target=do_at, args=(time.monotonic(), steps), daemon=True).start()
            rows, messages = process.communicate(timeout=seconds + 60)
            listener.wait_for(f"{TOPIC}/availability", "offline")
            published = [json.loads(text) for name, text, kept in listener.messages if name == TOPIC and not kept]
        hooks.close()
    changes = [json.loads(line)["frame"] for line in rows.splitlines()]
    click.echo(messages.strip())
    return {"changes": len(changes), "webhook": counted(changes, hooks.told), "mqtt": counted(changes, published)}


def main() -> None:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    if MOSQUITTO is None:
        raise SystemExit("there is no mosquitto: apt-get install mosquitto")
    figures = measure()
    for receiver in ("webhook", "mqtt"):
        click.echo(f"{receiver}: of {figures['changes']} changes {figures[receiver]}")
    if arguments.json:
        click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
