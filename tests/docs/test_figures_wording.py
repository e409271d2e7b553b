"""How figures are written."""

from __future__ import annotations

import pytest
from figures.wording import number, significant, size


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0712, "0.071"),
        (-0.02, "-0.020"),
        (0.0, "0.00"),
        (9.99, "9.99"),
        (14.32, "14.3"),
        (356.7, "357"),
        (13_300.0, "13,300"),
    ],
)
def test_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0.1238, "0.124"), (2.0, "2.00"), (121.4, "121"), (13_312.4, "13,300")]
)
def test_three_digits(value: float | None, text: str) -> None:
    assert significant(value) == text


@pytest.mark.parametrize(
    ("count", "text"), [(None, "-"), (351_234, "351 kB"), (1_256_386, "1.26 MB"), (7.5e8, "750 MB")]
)
def test_sizes(count: float | None, text: str) -> None:
    assert size(count) == text
