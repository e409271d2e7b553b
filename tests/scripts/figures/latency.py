"""Times of single images by `cnnkit bench`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from figures.accuracy import FLOAT32, INT8, ORIGINAL
from figures.figure import Measurement, Output, Row, Table
from figures.wording import estimate, significant, size


def _ratio(document: Any, numerator: str, denominator: str) -> Any:
    pairs = {(ratio["numerator"], ratio["denominator"]): ratio for ratio in document["ratios"]}
    return pairs[numerator, denominator]


def _runs(document: Any, *names: str) -> int:
    """Returns the fewest runs of some contenders."""
    return min(each["latency_ms"]["n"] for each in document["contenders"] if each["name"] in names)


def _int8_over_float32(output: Output) -> str:
    found = output.document()
    return estimate(_ratio(found, "best.int8", "best"), "", _runs(found, "best.int8", "best"))


def _keras_over_int8(way: str) -> Callable[[Output], str]:
    def read(output: Output) -> str:
        found, name = output.document(), f"best {way}"
        return estimate(_ratio(found, name, "best.int8"), "", _runs(found, name))

    return read


def _times(output: Output) -> str:
    """Returns the median of each contender, as the row names them."""
    found = {each["name"]: each["latency_ms"] for each in output.document()["contenders"]}
    times = [found[name] for name in ("best.int8", "best", "best function", "best predict")]
    *first, last = (significant(time["p50"]) for time in times)
    runs = sorted({time["n"] for time in times})
    return f"{', '.join(first)} and {last} ms (medians, n = {' to '.join(f'{n:,}' for n in (runs[0], runs[-1]))})"


def _contenders(output: Output) -> list[str]:
    """Returns a table with a row for each contender."""
    found = output.document()["contenders"]
    (batch_size,) = {each["batch_size"] for each in found}
    heads = ("contender", "p50 ms", "p90 ms", "p99 ms", "runs", f"images/s, batch {batch_size}", "size", "peak memory")
    rows = [
        (
            each["name"],
            *(significant(each["latency_ms"][percentile]) for percentile in ("p50", "p90", "p99")),
            f"{each['latency_ms']['n']:,}",
            significant(each["images_per_s"]),
            size(each["size_bytes"]),
            size(each["peak_memory_bytes"]),
        )
        for each in found
    ]
    rule = ("---", *["---:"] * (len(heads) - 1))
    return ["| " + " | ".join(cells) + " |" for cells in (heads, rule, *rows)]


LATENCY = (
    Measurement(
        "latency",
        (f"cnnkit bench --model {INT8} --model {FLOAT32}",),
        (Row("latency of one image, INT8 over float32, a thread on every core", _int8_over_float32),),
        minutes=1,
    ),
    Measurement(
        "latency-one-thread",
        (f"cnnkit bench --threads 1 --model {INT8} --model {FLOAT32}",),
        (Row("latency of one image, INT8 over float32, one thread", _int8_over_float32),),
        minutes=1,
    ),
    Measurement(
        "latency-keras",
        (f"cnnkit bench --model {INT8} --original {ORIGINAL}",),
        (
            Row("latency of one image, Keras `predict` over INT8", _keras_over_int8("predict")),
            Row("latency of one image, compiled Keras over INT8", _keras_over_int8("function")),
        ),
        minutes=1,
    ),
    Measurement(
        "contenders",
        (f"cnnkit bench --model {INT8} --model {FLOAT32} --original {ORIGINAL}",),
        (
            Row("one image: INT8, float32, compiled Keras, Keras `predict`", _times),
            Table("The bundled model and its original", _contenders),
        ),
        minutes=1,
    ),
)
