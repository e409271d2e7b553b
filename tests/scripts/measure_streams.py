"""Measures what `cnnkit webcam` makes of bad streams, with servers of its own that know what is true.

python tests/scripts/measure_streams.py stall       # an RTSP camera that stands still for 10 seconds, five times
python tests/scripts/measure_streams.py torn        # MJPEG of which every third part is cut in half
python tests/scripts/measure_streams.py udp         # MPEG-TS over UDP, of which 8 % of the datagrams are lost
python tests/scripts/measure_streams.py kill        # recordings ended by kill -9, at five moments
python tests/scripts/measure_streams.py many        # eight films at 10 frames/s in one process, for a minute
"""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from measure_live import resident_mib
from rtsp_server import now_ms, read_stamp, stamped
from ways import measure_one

from cnnkit.live import WebcamOptions, run_webcam
from cnnkit.live.film_files import open_film_file
from cnnkit.sources import Frame, Video, open_video, parse_address
from cnnkit.system import TypedAddress, import_cv2

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


def measure_torn(parts: int = 300) -> dict[str, Any]:
    """Prints and returns how many torn pictures were given, of MJPEG with every third part cut in half."""
    cv2 = import_cv2()
    whole, torn = (
        cv2.imencode(".jpg", np.full((240, 320, 3), value, np.uint8) + noise())[1].tobytes() for value in (40, 160)
    )

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            for number in range(parts):
                data = torn[: len(torn) // 2] if number % 3 == 2 else whole
                head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data)
                self.wfile.write(head + data + b"\r\n")
                time.sleep(0.02)
            time.sleep(5.0)  # else it would be opened again

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = open_video(parse_address(f"http://127.0.0.1:{server.server_port}/live.mjpg")).frames()
        given = list(frames_of(source, parts * 0.02 + 2))
        source.close()
        server.shutdown()
    wrong = sum(frame.pixels.mean() > 100 for frame in given if frame.pixels is not None)
    good = sum(frame.pixels is not None for frame in given) - wrong
    click.echo(
        f"{parts // 3} torn pictures of {parts}: {wrong} given as live, and {good} of {parts - parts // 3} whole ones"
    )
    return {"torn": parts // 3, "given": int(wrong), "whole": parts - parts // 3, "whole_given": int(good)}


def noise() -> Any:
    """Returns (240, 320, 3) uint8 that makes a JPEG long."""
    return np.random.default_rng(0).integers(0, 60, (240, 320, 3), dtype=np.uint8)


def frames_of(source: Any, seconds: float) -> Iterator[Frame]:
    """Gives the frames of a source for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        frame = source.take(0.05)
        if frame is not None:
            yield frame


def measure_udp(seconds: float = 20.0, loss: float = 0.08) -> dict[str, Any]:
    """Prints and returns which frames of a lossy stream were given, beside what is the same as without a loss."""
    with tempfile.TemporaryDirectory() as folder:
        clean = Path(folder) / "clean.ts"
        write_transport_stream(clean, seconds)
        data = clean.read_bytes()
        whole = {number: pixels for number, pixels in numbered_frames(open_video(parse_address(str(clean))))}
    draw, port = random.Random(0), free_port()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            start = time.monotonic()
            for at in range(0, len(data), 1316):
                time.sleep(max(0.0, start + at / len(data) * seconds - time.monotonic()))
                if at < 13160 or draw.random() >= loss:
                    sender.sendto(data[at : at + 1316], ("127.0.0.1", port))

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    video = open_video(parse_address(f"udp://127.0.0.1:{port}?fifo_size=1000000"))
    damaged = passed = good = refused = 0
    assert video.opened is not None
    capture = video.opened.capture
    decode = capture._shot

    def see(frame: Any) -> Any:
        """Compares what the decoder gives, and what is made of it, with the same picture without a loss."""
        nonlocal damaged, passed, good, refused
        shot, pixels = decode(frame), frame.to_ndarray(format="bgr24")
        number = read_stamp(pixels)
        is_same = number in whole and np.array_equal(pixels, whole[number])
        damaged, good = damaged + (not is_same), good + is_same
        passed, refused = passed + (not is_same and not shot.damaged), refused + (is_same and shot.damaged)
        return shot

    capture._shot = see
    while sender.is_alive() and not capture.read().ended:
        pass
    click.echo(
        f"{loss:.0%} of the datagrams lost: {passed} of {damaged} damaged frames given as live "
        f"({passed / max(1, damaged):.1%}), {refused} of {good} whole ones left out"
    )
    return {"damaged": damaged, "passed": passed, "whole": good, "refused": refused}


def write_transport_stream(path: Path, seconds: float) -> None:
    """Writes a film of 30 frames/s, numbered, a key frame a second."""
    import av

    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=30, options={"preset": "veryfast", "tune": "zerolatency", "g": "30"}
        )
        stream.height, stream.width, stream.pix_fmt = 240, 320, "yuv420p"
        texture = rng.integers(0, 255, (240, 640, 3), dtype=np.uint8)
        texture = import_cv2().GaussianBlur(texture, (0, 0), 3)
        for number in range(round(seconds * 30)):
            image = stamped(number)
            image[40:] = texture[40:, number % 320 : number % 320 + 320]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))


def numbered_frames(video: Video) -> Iterator[tuple[int, Any]]:
    """Gives the frames of a film by the numbers in them."""
    for frame in video.recorded_frames():
        if frame.pixels is not None:
            yield read_stamp(frame.pixels), frame.pixels


def free_port() -> int:
    """Returns a port that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure_kill(times_s: Sequence[float] = (4.3, 5.1, 6.7, 7.9, 9.4)) -> dict[str, Any]:
    """Prints and returns how much of a recording is missing that kill -9 ended."""
    missing = []
    with tempfile.TemporaryDirectory() as folder:
        film = write_film(Path(folder) / "film.mp4", 20.0, 25)
        for number, after_s in enumerate(times_s):
            recording, rows = Path(folder) / f"out-{number}.mp4", Path(folder) / f"rows-{number}.jsonl"
            command = [sys.executable, "-m", "cnnkit", "webcam", "-s", film, "--headless", "--every", "0"]
            with subprocess.Popen([*command, "--record", recording, "-o", rows], stderr=subprocess.DEVNULL) as process:
                time.sleep(after_s)
                process.kill()
            seen = [json.loads(line)["seconds"] for line in rows.read_text().splitlines()[:-1]]
            missing.append(seen[-1] - seen[0] - length_s(recording))
    click.echo(f"recordings that kill -9 ended: {max(missing):.2f} s missing at most (n = {len(missing)})")
    return {"n": len(missing), "missing_s": max(missing), "all_s": missing}


def length_s(path: Path) -> float:
    """Returns how much of a film can be played, in seconds."""
    return max((frame.seconds for frame in open_video(parse_address(str(path))).recorded_frames()), default=0.0)


def write_film(path: Path, seconds: float, rate_hz: int) -> Path:
    """Writes a film whose pictures differ."""
    film = open_film_file(path, float(rate_hz), (320, 240))
    for number in range(round(seconds * rate_hz)):
        film.write(stamped(number, 100 + number % 100))
    film.close()
    return path


def measure_many(cameras: int = 8, seconds: float = 60.0, rate_hz: int = 10) -> dict[str, Any]:
    """Prints and returns how many frames of several films were classified, and how memory grew meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        films = [write_film(Path(folder) / f"{number}.mp4", seconds, rate_hz) for number in range(cameras)]
        rows = Path(folder) / "rows.jsonl"
        options = WebcamOptions(tuple(TypedAddress(str(film)) for film in films), headless=True, output=rows, every_s=0)
        marks: list[float] = []

        def note() -> None:
            for at_s in (seconds / 4, seconds * 0.95):
                time.sleep(at_s - (seconds / 4 if marks else 0))
                marks.append(resident_mib())

        threading.Thread(target=note, daemon=True).start()
        cpu_s, start_s = time.process_time(), time.monotonic()
        summary = run_webcam(options)
        cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - start_s
    share = summary.classified / (cameras * round(seconds * rate_hz))
    growth = marks[1] - marks[0]
    click.echo(
        f"{cameras} films at {rate_hz} frames/s for {seconds:g} s: {share:.2%} of the frames classified, "
        f"{growth:+.1f} MiB, {cpu_s / wall_s:.2f} processors busy; {summary}"
    )
    return {"share": share, "growth_mib": growth, "cpus": cpu_s / wall_s, "n": summary.classified}


def main() -> None:
    """Measures and prints; see the head of this file."""
    ways = {
        "stall": measure_stall, "torn": measure_torn, "udp": measure_udp, "kill": measure_kill, "many": measure_many,
    }  # fmt: skip
    measure_one(__doc__, ways)


if __name__ == "__main__":
    main()
