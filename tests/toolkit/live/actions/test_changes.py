from __future__ import annotations

import pytest

from cnnkit.classifier import Candidate, Prediction
from cnnkit.live.actions.changes import Lasting, LastingChanges
from cnnkit.report import PredictionRow


def row(label: str | None, seconds: float, source: str = "camera 0") -> PredictionRow:
    prediction = None if label is None else Prediction(label, 0.9, (Candidate(label, 0.9),))
    return PredictionRow(source, prediction, None if label else "signal lost", frame=int(10 * seconds), seconds=seconds)


@pytest.mark.parametrize(
    ("for_s", "states", "lasted"),
    [
        pytest.param(0.0, "aabba", [0, 2, 4], id="each change"),
        pytest.param(2.0, "aaaabbbaaa", [2, 6, 9], id="those that last"),
        pytest.param(2.0, "aaababaaab", [2], id="not what flickers"),
        pytest.param(2.0, "aaabbabbbb", [2, 8], id="begun anew"),
        pytest.param(2.0, "aaabcbcbcccc", [2, 10], id="of three"),
        pytest.param(9.0, "aaabbb", [], id="not long enough"),
    ],
)
def test_what_lasts(for_s, states, lasted):
    lasting = Lasting(for_s)
    assert [second for second, state in enumerate(states) if lasting.update(state, float(second))] == lasted


def test_rows_of_changes():
    taken = []
    changes = LastingChanges([taken.append], 1.0)
    for second, label in enumerate(["cat", "cat", None, "cat", None, None, "dog", "dog"]):
        changes.write([row(label, float(second))])
    told = [(each["label"], each["error"], each["previous"], each["since"], each["seconds"]) for each in taken]
    assert told == [
        ("cat", None, None, 0.0, 1.0),
        (None, "signal lost", "cat", 4.0, 5.0),
        ("dog", None, None, 6.0, 7.0),
    ]
    assert list(taken[0])[-2:] == ["previous", "since"]


def test_each_source_for_itself():
    taken = []
    changes = LastingChanges([taken.append], 0.0)
    changes.write([row("cat", 0.0, "a"), row("dog", 0.0, "b"), row("cat", 1.0, "a"), row("dog", 1.0, "b")])
    assert [(each["source"], each["label"]) for each in taken] == [("a", "cat"), ("b", "dog")]
