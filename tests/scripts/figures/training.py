"""Training, and the project itself."""

from __future__ import annotations

import re
from collections.abc import Callable

from figures.figure import FigureError, Measurement, Output, Row
from figures.wording import spread


def _pair(start: str) -> Callable[[Output], str]:
    def read(output: Output) -> str:
        found = output.last_line()
        (pair,) = (pair for pair in found["pairs"] if pair["name"].startswith(start))
        return spread(pair, "", found["n"])

    return read


def _memory(output: Output) -> str:
    return f"{output.last_line()['difference_gib']:.2f} GiB (n = 1)"


def _gpu(over: str) -> Callable[[Output], str]:
    def read(output: Output) -> str:
        found = output.last_line()
        if not found["gpus"]:
            raise FigureError("there is no GPU that JAX can use")
        (ratio,) = (ratio for ratio in found["ratios"] if ratio["over"] == over)
        return f"{spread(ratio, '', ratio['n'])}, {found['gpus'][0]}"

    return read


def _demo(output: Output) -> str:
    return f"{output.seconds:.0f} s (n = 1)"


def _coverage(output: Output) -> str:
    """Reads the last line of pytest-cov's table: TOTAL, statements, missed, percent."""
    found = re.search(r"^TOTAL\s+\d+\s+\d+\s+(\d+)%$", output.text, re.MULTILINE)
    if found is None:
        raise FigureError("make coverage printed no line TOTAL")
    return f"{found[1]} %"


TRAINING = (
    Measurement(
        "training",
        ("python tests/scripts/measure_training.py",),
        (
            Row("training `bn3` augmented, images/s over Keras `fit` with ImageDataGenerator", _pair("bn3, group A")),
            *(
                Row(
                    f"training `{name}` with flip and shift, images/s over Keras `fit` without",
                    _pair(f"{name}, flip and shift"),
                )
                for name in ("bn3", "resnet8")
            ),
        ),
        minutes=15,
    ),
    Measurement("demo", ("cnnkit demo",), (Row("`cnnkit demo`", _demo),), minutes=1),
    Measurement(
        "coverage",
        ("make coverage",),
        (Row("lines of `toolkit/` that the tests run", _coverage),),
        minutes=12,
        at_home=True,
    ),
    Measurement(
        "training-gpu",
        ("python tests/scripts/measure_gpu.py",),
        (
            Row(
                "training `resnet8` on a GPU, images/s over bare steps on images that lie on it",
                _gpu("its calls alone"),
            ),
            Row("the same over one step a call", _gpu("one step a call")),
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
    Measurement(
        "photos-memory",
        ("python tests/scripts/measure_memory.py --images 5000 --pixels 4000x3000 --defaults",),
        (Row("memory of `cnnkit train --epochs 1` on 5,000 photos of 12 megapixels, above that on 50", _memory),),
        minutes=30,
        on_request=True,
    ),
)
