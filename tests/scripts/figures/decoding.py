"""Image files: right pixels, damage that is told, memory."""

from __future__ import annotations

from collections.abc import Callable

from figures.figure import FigureError, Measurement, Output, Row
from figures.wording import number


def _layouts(output: Output) -> str:
    found = output.last_line()
    if found["equal"] < found["layouts"]:
        raise FigureError(f"{found['equal']} of {found['layouts']} layouts are equal")
    return f"all of {found['layouts']:,}"


def _silent(*names: str) -> Callable[[Output], str]:
    def read(output: Output) -> str:
        found = {one["format"]: one for one in output.last_line()["formats"]}
        shares = ", ".join(f"{100 * found[name]['silent'] / found[name]['n']:.1f} %" for name in names)
        return f"{shares} (n = {found[names[0]]['n']:,} each)"

    return read


def _memory(output: Output) -> str:
    found = output.last_line()
    worst = max(found["peaks"], key=lambda name: found["peaks"][name])
    return f"{number(found['peaks'][worst] / 1e9)} GB ({worst}; n = {len(found['peaks'])} kinds)"


DECODING = (
    Measurement(
        "layouts",
        ("python tests/scripts/measure_layouts.py",),
        (Row("generated layouts of image files whose pixels are those that were written", _layouts),),
        minutes=0.2,
    ),
    Measurement(
        "damage",
        ("python tests/scripts/measure_damage.py",),
        (
            Row("random damage that nobody hears of: packed TIFF, WebP", _silent("TIFF, packed", "WebP")),
            Row("the same in JPEG, PNG, GIF", _silent("JPEG", "PNG", "GIF")),
            Row("the same in BMP and plain TIFF, which have no redundancy", _silent("BMP", "TIFF, plain")),
        ),
        minutes=3,
        modules=("skimage",),
    ),
    Measurement(
        "image-memory",
        ("python tests/scripts/measure_image_memory.py",),
        (Row("memory of the largest image allowed, in the kind that takes most", _memory),),
        minutes=6,
    ),
)
