"""Training, and the project itself."""

from __future__ import annotations

import re

from figures.figure import FigureError, Measurement, Output, Row
from figures.wording import number, span, spread


def _pair(output: Output, start: str) -> tuple[dict[str, float], int]:
    found = output.last_line()
    (pair,) = (pair for pair in found["pairs"] if pair["name"].startswith(start))
    return pair, found["n"]


def _augmented(output: Output) -> str:
    return spread(*_with_name(_pair(output, "bn3, group A"), ""))


def _shifted(output: Output) -> str:
    first = spread(*_with_name(_pair(output, "bn3, flip and shift"), " for `bn3`"))
    second, _ = _pair(output, "resnet8, flip and shift")
    return f"{first}, {number(second['ratio'])} for `resnet8` ({span(second)})"


def _with_name(pair: tuple[dict[str, float], int], name: str) -> tuple[dict[str, float], str, int]:
    return pair[0], name, pair[1]


def _memory(output: Output) -> str:
    return f"{output.last_line()['difference_gib']:.2f} GiB (n = 1)"


def _gpu(output: Output) -> str:
    found = output.last_line()
    if not found["gpus"]:
        raise FigureError("there is no GPU that JAX can use")
    first, second = found["ratios"]
    return (
        f"{spread(first, '', first['n'])}; {number(second['ratio'])} ({span(second)}) with one step a call, "
        f"{found['gpus'][0]}"
    )


def _demo(output: Output) -> str:
    return f"{output.seconds:.0f} s (n = 1)"


def _coverage(output: Output) -> str:
    """Reads the last line of pytest-cov's table: TOTAL, statements, missed, percent."""
    found = re.search(r"^TOTAL\s+\d+\s+\d+\s+(\d+)%$", output.text, re.MULTILINE)
    if found is None:
        raise FigureError("make test printed no line TOTAL")
    return f"{found[1]} %"


TRAINING = (
    Measurement(
        "training",
        ("python tests/scripts/measure_training.py",),
        (
            Row(
                "training with rotation, shift, shear, zoom and flip, images/s over Keras `fit` with "
                "ImageDataGenerator, `bn3`",
                _augmented,
            ),
            Row("training with flip and shift, images/s over Keras `fit` without augmentation", _shifted),
        ),
        minutes=15,
    ),
    Measurement("demo", ("cnnkit demo",), (Row("`cnnkit demo`", _demo),), minutes=1),
    Measurement(
        "coverage",
        ("make test",),
        (Row("lines of `toolkit/` that the tests run", _coverage),),
        minutes=12,
        at_home=True,
    ),
    Measurement(
        "training-gpu",
        ("python tests/scripts/measure_gpu.py",),
        (
            Row(
                "training `resnet8` on a GPU with JAX, images/s of whole epochs over the same steps on images "
                "that lie on it",
                _gpu,
            ),
        ),
        minutes=1,
        modules=("jax",),
        on_request=True,
    ),
    Measurement(
        "training-memory",
        ("python tests/scripts/measure_memory.py",),
        (
            Row(
                "memory of training from a folder of 100,000 images of 224 x 224, above that of 50 images",
                _memory,
            ),
        ),
        minutes=75,
        on_request=True,
    ),
)
