"""`cnnkit bench` itself: what measuring costs, how well its runs agree, how long they take."""

from __future__ import annotations

from figures.figure import DATA, Measurement, Output, Row
from figures.wording import number, spread


def _ratio(name: str):
    def read(output: Output) -> str:
        found = output.last_line()[name]
        return spread(found, "", found["n"])

    return read


def _durations(output: Output) -> str:
    found = output.last_line()
    page = f"a page of {found['page_bytes'] / 1000:.0f} kB"
    return f"{number(found['default_s'])} s; {number(found['everything_s'])} s, {page} (n = 1)"


BENCHING = (
    Measurement(
        "bench",
        (f"python tests/scripts/measure_bench.py toolkit/models/best {DATA}/test",),
        (
            Row("median by `cnnkit bench` over that of a bare loop of `session.run`, one thread", _ratio("cost")),
            Row(
                "ratio of INT8 to float32 in one run of `cnnkit bench` over that in the run before", _ratio("agreement")
            ),
            Row(
                "time of `cnnkit bench --model best.int8.onnx`; of both files, Keras in four ways, 1,000 images and a "
                "page",
                _durations,
            ),
        ),
        minutes=6,
    ),
)
