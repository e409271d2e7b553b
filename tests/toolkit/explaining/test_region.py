from __future__ import annotations

import numpy as np
import pytest

from cnnkit.explaining.region import hottest_part
from cnnkit.images import Window


def heat_of(*rows: str) -> np.ndarray:
    """A map of digits, in tenths."""
    return np.array([[int(digit) / 10 for digit in row] for row in rows], np.float32)


@pytest.mark.parametrize(
    ("heat", "part"),
    [
        pytest.param(heat_of("0000", "0000"), None, id="nothing"),
        pytest.param(heat_of("0000", "0090"), Window(1, 2, 1, 1), id="one place"),
        pytest.param(heat_of("00000", "05940", "00500", "00000"), Window(1, 1, 2, 2), id="what hangs together"),
        pytest.param(heat_of("900008", "000000"), Window(0, 0, 1, 1), id="of two parts the hottest"),
        pytest.param(heat_of("5555", "5595", "5588", "5555"), Window(1, 2, 2, 2), id="more than half: what is hotter"),
        pytest.param(heat_of("9999", "9999"), Window(0, 0, 2, 4), id="all alike"),
    ],
)
def test_the_hottest_part(heat: np.ndarray, part: Window | None) -> None:
    assert hottest_part(heat) == part
