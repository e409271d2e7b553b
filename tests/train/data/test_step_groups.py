"""How the steps of an epoch are divided among calls of the compiled step."""

from __future__ import annotations

import pytest

from cnnkit.train.data.step_groups import spans, steps_together


@pytest.mark.parametrize(
    ("count", "batch", "together", "expected"),
    [
        pytest.param(10, 4, 1, [(0, 4), (4, 4), (8, 2)], id="one a call"),
        pytest.param(12, 4, 1, [(0, 4), (4, 4), (8, 4)], id="no remainder"),
        pytest.param(22, 4, 2, [(0, 8), (8, 8), (16, 4), (20, 2)], id="two a call"),
        pytest.param(3, 4, 2, [(0, 3)], id="less than a batch"),
        pytest.param(0, 4, 2, [], id="nothing"),
    ],
)
def test_an_epoch_is_divided_among_calls(
    count: int, batch: int, together: int, expected: list[tuple[int, int]]
) -> None:
    assert spans(count, batch, together) == expected


@pytest.mark.parametrize(
    ("count", "batch", "image_bytes", "expected"),
    [
        pytest.param(45_000, 128, 3_072, 27, id="351 steps are 13 times 27"),
        pytest.param(50_000, 128, 3_072, 30, id="390 steps are 13 times 30"),
        pytest.param(128 * 353, 128, 3_072, 32, id="353 steps are 11 times 32 and the fewest over"),
        pytest.param(1_000, 128, 3_072, 7, id="as many as there are"),
        pytest.param(50_000, 128, 150_528, 3, id="as memory allows"),
        pytest.param(50_000, 1_024, 150_528, 1, id="one is always allowed"),
        pytest.param(50, 128, 3_072, 1, id="less than a batch"),
    ],
)
def test_as_many_steps_a_call_as_leave_the_fewest_over(count: int, batch: int, image_bytes: int, expected: int) -> None:
    assert steps_together(count, batch, image_bytes) == expected
