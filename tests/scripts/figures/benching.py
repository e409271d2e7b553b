"""`cnnkit bench` itself: what measuring costs, how well its runs agree, how long they take."""

from __future__ import annotations

from figures.figure import DATA, Measurement, Output, Row
from figures.wording import number, spread


def _ratio(name: str):
    def read(output: Output) -> str:
        found = output.last_line()[name]
        return spread(found, "", found["n"])

    return read


def _default(output: Output) -> str:
    return f"{number(output.last_line()['default_s'])} s (n = 1)"


def _everything(output: Output) -> str:
    found = output.last_line()
    return f"{number(found['everything_s'])} s, a page of {found['page_bytes'] / 1000:.0f} kB (n = 1)"


BENCHING = (
    Measurement(
        "bench",
        (f"python tests/scripts/measure_bench.py toolkit/models/best {DATA}/test",),
        (
            Row("median by `cnnkit bench` over that of a bare loop of `session.run`, one thread", _ratio("cost")),
            Row(
                "ratio of INT8 to float32 in one run of `cnnkit bench` over that in the run before", _ratio("agreement")
            ),
            Row("time of `cnnkit bench --model best.int8.onnx`", _default),
            Row("the same with both files, Keras in four ways, 1,000 images and a page", _everything),
        ),
        minutes=6,
    ),
)
