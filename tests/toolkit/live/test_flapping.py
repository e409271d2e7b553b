from __future__ import annotations

import pytest

from cnnkit.classifier import Prediction
from cnnkit.live.outputs import Observation
from cnnkit.live.rows import ChangeLog
from cnnkit.sources import Frame


def told(*changes, every_s=None):
    """The rows of a camera, as (second, label or error, warning); `changes` are (second, label), None for no signal."""
    rows = []

    class Writer:
        def write(self, more):
            rows.extend(more)

    log, number, changes = ChangeLog(Writer(), "camera 0", every_s), 0, list(changes)
    state = None
    while changes:
        if number / 4 == changes[0][0]:
            state = changes.pop(0)[1]
        prediction = None if state is None else Prediction(state, 0.9, ())
        signal = "lost" if state is None else "live"
        log.write(Observation(Frame(number, number / 4, None, 0), signal, prediction, 0.0))
        number += 1
    return [(row.seconds, row.fields()["label"] or row.error, row.fields()["warning"]) for row in rows]


def flapping(begin, end, label="cat"):
    """A signal that is lost every second second."""
    return [(second, None if second % 2 else label) for second in range(begin, end)]


def more(count):
    return f"signal lost {count} more, each for less than 5 seconds, since the row before"


def test_a_signal_that_is_lost_now_and_then_is_said_as_it_is():
    assert told((0, "cat"), (10, None), (12, "cat"), (80, None), (81, "dog"), (82, "cat")) == [
        (0.0, "cat", None), (10.0, "signal lost", None), (12.0, "cat", None), (80.0, "signal lost", None),
        (81.0, "dog", None), (82.0, "cat", None),
    ]  # fmt: skip


def test_one_that_flaps_is_counted_and_said_once_a_minute():
    rows = told(*flapping(0, 3600))
    assert rows[:4] == [
        (0.0, "cat", None), (1.0, "signal lost", None), (2.0, "cat", None), (61.0, "signal lost", more("29 times")),
    ]  # fmt: skip
    assert len(rows) <= 2 * 61
    hidden = sum(int(warning.split()[2]) for *_, warning in rows if warning)
    said = sum(what == "signal lost" for _, what, _ in rows)
    assert 1799 - 30 <= hidden + said <= 1800, "all but those of the last minute"


def test_a_loss_that_lasts_is_said_among_those_that_do_not():
    rows = told(*flapping(0, 10), (11, None), (30, "cat"), (31, "cat"))
    assert rows == [
        (0.0, "cat", None), (1.0, "signal lost", None), (2.0, "cat", None),
        (14.0, "signal lost", more("3 times")), (30.0, "cat", None),
    ]  # fmt: skip


def test_another_label_is_said_at_once():
    rows = told(*flapping(0, 8), (8, "dog"), (9, None), (10, "dog"), (80, "dog"), (81, "dog"))
    assert rows[2:] == [(2.0, "cat", None), (8.0, "dog", more("3 times")), (68.0, "dog", more("once"))]


@pytest.mark.parametrize(("every_s", "count"), [(0, 40), (1.0, 10)])
def test_rows_that_are_wanted_come_however_the_signal_is(every_s, count):
    rows = told(*flapping(0, 10), (10, "cat"), every_s=every_s)
    assert len(rows) >= count
    assert {what for _, what, _ in rows} == {"cat", "signal lost"}
