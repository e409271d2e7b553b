"""How every figure is read from what its command prints."""

from __future__ import annotations

import json
from typing import Any

import pytest
from figures.figure import ON_OLDER_CPU, FigureError, Output
from figures.registry import MEASUREMENTS
from printed_benches import RUNTIMES, ratio
from printed_figures import PRINTED, RAY

MEASURED = "2026-11-25, Intel Xeon (AVX-512 VNNI, AMX), 2 processors"
WIDEST = 200  # characters of a row
BY_NAME = {measurement.name: measurement for measurement in MEASUREMENTS}


def printed(name: str, document: Any) -> Output:
    """What a measurement's last command prints: text as it is, else JSON as the command writes it."""
    if isinstance(document, str):
        return Output(document, 43.2)
    if BY_NAME[name].commands[-1].removeprefix(ON_OLDER_CPU).startswith("python "):
        return Output(f"a table for people {{\n{json.dumps(document)}\n", 43.2)
    return Output(json.dumps(document, indent=2), 43.2)


@pytest.mark.parametrize("name", BY_NAME)
def test_figures_are_read_with_their_spread(name: str) -> None:
    document, expected = PRINTED[name]
    output = printed(name, document)
    assert [row.read(output) for row in BY_NAME[name].rows] == expected


def test_a_ratio_may_stand_the_other_way_round() -> None:
    turned = [
        ratio("best function", "best.int8", 10.0, 8.0, 12.5),
        *(one for one in RUNTIMES["ratios"] if one["denominator"] != "best function"),
    ]
    lines = BY_NAME["runtimes"].rows[1].read(printed("runtimes", RUNTIMES | {"ratios": turned}))
    assert any(line.startswith("| Keras | 0.10 | 0.080 to 0.12 |") for line in lines)


@pytest.mark.parametrize("name", BY_NAME)
def test_rows_are_narrow_when_they_are_measured_anew(name: str) -> None:
    output = printed(name, PRINTED[name][0])
    rows = [line for row in BY_NAME[name].rows for line in row.lines(name, output, MEASURED) if line.startswith("|")]
    assert [line for line in rows if len(line) > WIDEST] == []


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("resume", {"killed": 0, "rows": 10, "as_inputs": True}),
        ("resume", {"killed": 3, "rows": 10, "as_inputs": False}),
        ("damaged", {"files": 5000, "rows": 4999, "refused": 3453}),
        ("layouts", {"layouts": 606, "equal": 605}),
        ("ray", RAY | {"lost": 1}),
        ("ray", RAY | {"as_locally": False}),
        ("coverage", "TOTAL of something else\n"),
        ("training-gpu", {"gpus": [], "ratios": []}),
    ],
)
def test_what_does_not_hold_is_no_figure(name: str, document: Any) -> None:
    with pytest.raises(FigureError):
        BY_NAME[name].rows[0].read(printed(name, document))
