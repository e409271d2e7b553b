"""The outcome of a verification, as a table or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from cnnkit.golden import GoldenResult
from cnnkit.report.json_output import print_json
from cnnkit.report.tables import print_table

Stage = tuple[str, GoldenResult]


def print_verification(stages: Sequence[Stage], style: Literal["table", "json"]) -> None:
    """Prints how each stage answered the golden images; the whole is as good as its worst stage.

    Args:
        stages: Names and results, one at least.
        style: The format.
    """
    if style == "json":
        print_json(_fields(stages))
    else:
        print_table(_COLUMNS, [_cells(name, result) for name, result in stages])


_COLUMNS = ("stage", ">golden images", ">worst difference", ">same label", "result")


def _cells(name: str, result: GoldenResult) -> tuple[str, ...]:
    agreement = f"{result.top1_agreement:.1%}".replace("%", " %")
    verdict = "pass" if result.passed else "FAIL"
    return name, str(result.images), f"{result.max_probability_difference:.2g}", agreement, verdict


def _fields(stages: Sequence[Stage]) -> dict[str, Any]:
    results = [result for _, result in stages]
    return {
        "passed": all(result.passed for result in results),
        "images": results[0].images,
        "max_probability_difference": max(result.max_probability_difference for result in results),
        "top1_agreement": min(result.top1_agreement for result in results),
        "stages": [{"name": name, **vars(result)} for name, result in stages],
    }
