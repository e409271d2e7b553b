"""Cameras: what the live loop costs, and what it makes of those that stall, tear and vanish."""

from __future__ import annotations

from figures.figure import Measurement, Output, Row


def _age(output: Output) -> str:
    found = output.last_line()
    return f"median {found['p50_ms']:.0f} ms, p99 {found['p99_ms']:.0f} ms (n = {found['n']:,})"


def _overhead(output: Output) -> str:
    found = output.last_line()
    return f"{found['extra_ms']:.2f} ms a frame (n = {found['n']}, {found['low']:.2f} to {found['high']:.2f})"


def _stall(output: Output) -> str:
    found = output.last_line()
    old, given, oldest_ms = found["old"], found["given"], found["oldest_ms"]
    return f"{old} of {given:,} ({found['stalls']} stalls), oldest {oldest_ms:.0f} ms"


def _torn(output: Output) -> str:
    found = output.last_line()
    return f"{found['given']} of {found['torn']}; {found['whole_given']} of {found['whole']} whole ones"


def _udp(output: Output) -> str:
    found = output.last_line()
    passed, refused = 100 * found["passed"] / found["damaged"], 100 * found["refused"] / found["whole"]
    return f"{passed:.1f} % (n = {found['damaged']}); {refused:.1f} % of {found['whole']} whole ones left out"


def _kill(output: Output) -> str:
    found = output.last_line()
    return f"{found['missing_s']:.2f} s at most (n = {found['n']})"


def _many(output: Output) -> str:
    found = output.last_line()
    return f"{100 * found['share']:.2f} % (n = {found['n']:,}), {found['cpus']:.2f} processors busy"


def _growth(output: Output) -> str:
    return f"{output.last_line()['growth_mib']:+.1f} MiB (n = 1)"


_LOOP = (
    ("age", (Row("age of a camera's frame when its label is there, above an inference of 100 ms", _age),), 1.5),
    ("overhead", (Row("time of `cnnkit webcam` above resizing and `session.run`", _overhead),), 1),
    ("memory", (Row("growth of `cnnkit webcam` over 100,000 frames", _growth),), 2),
)
_STREAMS = (
    ("stall", (Row("frames older than 1 s given as live, of an RTSP camera that stands still for 10 s", _stall),), 1.5),
    ("torn", (Row("torn pictures given as live, of MJPEG with every third part cut in half", _torn),), 0.2),
    ("udp", (Row("damaged frames given as live, of MPEG-TS over UDP with 8 % loss", _udp),), 0.5),
    ("kill", (Row("what is missing of a recording that `kill -9` ended", _kill),), 0.7),
    (
        "many",
        (
            Row("eight films at 10 frames/s in one process: frames classified", _many),
            Row("growth of that process over 42 seconds", _growth),
        ),
        1.2,
    ),
)

CAMERAS = (
    *(
        Measurement(f"webcam-{way}", (f"python tests/scripts/measure_live.py {way}",), rows, minutes)
        for way, rows, minutes in _LOOP
    ),
    *(
        Measurement(
            f"webcam-{way}", (f"python tests/scripts/measure_streams.py {way}",), rows, minutes, extras=("video",)
        )
        for way, rows, minutes in _STREAMS
    ),
)
