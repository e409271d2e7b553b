"""Times of single images by `cnnkit bench`."""

from __future__ import annotations

from typing import Any

from figures.accuracy import FLOAT32, INT8, ORIGINAL
from figures.figure import Measurement, Output, Row, Table
from figures.wording import estimate, number, significant, size, span


def _ratio(document: Any, numerator: str, denominator: str) -> Any:
    pairs = {(ratio["numerator"], ratio["denominator"]): ratio for ratio in document["ratios"]}
    return pairs[numerator, denominator]


def _runs(document: Any, *names: str) -> int:
    """Returns the fewest runs of some contenders."""
    return min(each["latency_ms"]["n"] for each in document["contenders"] if each["name"] in names)


def _int8_over_float32(output: Output) -> str:
    found = output.document()
    return estimate(_ratio(found, "best.int8", "best"), "", _runs(found, "best.int8", "best"))


def _keras_over_int8(output: Output) -> str:
    found = output.document()
    slow, fast = (_ratio(found, f"best {way}", "best.int8") for way in ("predict", "function"))
    return (
        f"{number(slow['ratio'])} as `predict` (95 % interval {span(slow)}, n = {_runs(found, 'best predict'):,}), "
        f"{number(fast['ratio'])} as compiled function ({span(fast)}, n = {_runs(found, 'best function'):,})"
    )


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
        (Row("the same on one thread", _int8_over_float32),),
        minutes=1,
    ),
    Measurement(
        "latency-keras",
        (f"cnnkit bench --model {INT8} --original {ORIGINAL}",),
        (Row("latency of one image, Keras over INT8", _keras_over_int8),),
        minutes=1,
    ),
    Measurement(
        "contenders",
        (f"cnnkit bench --model {INT8} --model {FLOAT32} --original {ORIGINAL}",),
        (Table("The bundled model and its original", _contenders),),
        minutes=1,
    ),
)
