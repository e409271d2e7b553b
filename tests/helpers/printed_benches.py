"""What `cnnkit bench --format json` prints, shortened, and tables that are read from it."""

from __future__ import annotations

from typing import Any


def contender(name: str, kind: str = "model", *, p50: float = 0.1, n: int = 1000, right: float | None = None) -> Any:
    """A contender of `cnnkit bench --format json`."""
    accuracy = None if right is None else {"top1": right, "low": right - 0.0063, "high": right + 0.006, "n": 10_000}
    same = None if right is None else right + 0.1054
    latency = {"p50": p50, "p90": 0.2, "p99": None, "n": n}
    return {
        "name": name,
        "kind": kind,
        "latency_ms": latency,
        "images_per_s": 13_312.4,
        "batch_size": 64,
        "size_bytes": 351_234,
        "peak_memory_bytes": 77_012_000,
        "accuracy": accuracy,
        "agreement_with_original": same,
    }


def ratio(numerator: str, denominator: str, *values: float) -> Any:
    return {"numerator": numerator, "denominator": denominator} | dict(
        zip(("ratio", "low", "high"), values, strict=True)
    )


BENCH = {
    "schema_version": 1,
    "contenders": [
        contender("best predict", "original-predict", p50=44.2, n=662),
        contender("best function", "original-function", p50=1.77),
        contender("best.int8", p50=0.124),
        contender("best", p50=0.236, n=987),
    ],
    "ratios": [
        ratio("best predict", "best.int8", 356.7, 333.8, 390.2),
        ratio("best function", "best.int8", 14.32, 13.79, 14.81),
        ratio("best predict", "best", 187.0, 170.0, 200.0),
        ratio("best.int8", "best", 0.5254, 0.5149, 0.5612),
    ],
    "comparisons": [],
}
INT8 = {
    "contenders": [
        contender("best predict", "original-predict", right=0.889),
        contender("best function", "original-function", right=0.889),
        contender("best.int8", right=0.8891),
    ],
    "comparisons": [{"accuracy_drop": {"value": -0.0001, "low": -0.0014145, "high": 0.0012145}}],
}
RUNTIMES = {
    "contenders": [
        contender("best.int8", p50=0.1071, n=2000, right=0.8891),
        contender("best", right=0.889),
        contender("best function", right=0.889),
        contender("best LiteRT INT8", right=0.8864),
        contender("best.int8 OpenVINO", right=0.8891),
        contender("best OpenVINO", right=0.889),
        contender("best NNCF INT8", right=0.888),
    ],
    "ratios": [
        ratio("best.int8", "best", 0.401, 0.396, 0.409),
        ratio("best.int8", "best function", 0.0712, 0.069, 0.0751),
        ratio("best.int8", "best LiteRT INT8", 1.311, 1.3, 1.32),
        ratio("best.int8", "best.int8 OpenVINO", 0.601, 0.59, 0.612),
        ratio("best.int8", "best OpenVINO", 0.35, 0.34, 0.36),
        ratio("best.int8", "best NNCF INT8", 0.62, 0.61, 0.63),
    ],
}
WITHOUT_DATA = RUNTIMES | {"contenders": [one | {"accuracy": None} for one in RUNTIMES["contenders"]]}
TIMES = [
    "| runtime | our INT8's time over its | 95 % interval, n = 2,000 |",
    "| --- | --- | --- |",
    "| our INT8, 0.107 ms | - | - |",
    "| float32 | 0.40 | 0.40 to 0.41 |",
    "| Keras | 0.071 | 0.069 to 0.075 |",
    "| LiteRT's INT8 | 1.31 | 1.30 to 1.32 |",
    "| OpenVINO on our INT8 file | 0.60 | 0.59 to 0.61 |",
    "| OpenVINO on our float32 file | 0.35 | 0.34 to 0.36 |",
    "| OpenVINO on its own INT8 | 0.62 | 0.61 to 0.63 |",
]
ANSWERS = [
    " top-1 (95 % intervals reach 0.63 points at most, n = 10,000) | label as Keras |",
    " --- | --- |",
    " 88.91 % | 99.45 % |",
    " 88.90 % | 99.44 % |",
    " 88.90 % | - |",
    " 88.64 % | 99.18 % |",
    " 88.91 % | 99.45 % |",
    " 88.90 % | 99.44 % |",
    " 88.80 % | 99.34 % |",
]
