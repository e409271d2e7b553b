"""The outcome of a verification, as a table or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from cnnkit.measuring import Stage
from cnnkit.report.json_output import print_json
from cnnkit.report.tables import print_table


def print_verification(stages: Sequence[Stage], style: Literal["table", "json"]) -> None:
    """Prints how each stage went; the whole is as good as its worst stage.

    Args:
        stages: One at least.
        style: The format.
    """
    if style == "json":
        print_json(_fields(stages))
        return
    with_pixels = any(stage.max_pixel_difference is not None for stage in stages)
    columns = ("stage", ">images", *([">worst pixel"] if with_pixels else []), ">worst difference", ">same label")
    print_table((*columns, "result"), [_cells(stage, with_pixels) for stage in stages])


def _cells(stage: Stage, with_pixels: bool) -> tuple[str, ...]:
    agreement = f"{stage.top1_agreement:.1%}".replace("%", " %")
    verdict = "pass" if stage.passed else "FAIL"
    pixel = "-" if stage.max_pixel_difference is None else f"{stage.max_pixel_difference:.0f}"
    figures = (str(stage.images), *([pixel] if with_pixels else []), f"{stage.max_probability_difference:.2g}")
    return stage.name, *figures, agreement, f"{verdict}: {stage.cause}" if stage.cause else verdict


def _fields(stages: Sequence[Stage]) -> dict[str, Any]:
    return {
        "passed": all(stage.passed for stage in stages),
        "images": max(stage.images for stage in stages),
        "max_probability_difference": max(stage.max_probability_difference for stage in stages),
        "top1_agreement": min(stage.top1_agreement for stage in stages),
        "stages": [asdict(stage) for stage in stages],
    }
