from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnnkit.export.verification.labels import labels_stage

LABELS = ("ant", "bee", "cat", "dog")


def answered(answers: dict[str, str]) -> tuple[list[Path], np.ndarray]:
    """Images of folders and what is answered to each, by the first letters of labels: {"ant": "aab"}."""
    paths = [Path(folder, f"{index}.jpg") for folder, each in answers.items() for index in range(len(each))]
    rows = ["abcd".index(letter) for each in answers.values() for letter in each]
    return paths, np.eye(len(LABELS), dtype=np.float32)[rows]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"ant": "aaa", "bee": "bbb", "cat": "ccc", "dog": "ddd"}, id="right"),
        pytest.param({"ant": "aab", "bee": "cba", "cat": "bdc", "dog": "dad"}, id="often wrong"),
        pytest.param({"ant": "bbb", "bee": "bbb", "cat": "bbb", "dog": "bbb"}, id="the same to all"),
        pytest.param({"ant": "bbb", "bee": "aaa", "cat": "ccc", "dog": "ddd"}, id="two of four"),
        pytest.param({"ant": "bb", "bee": "cc", "cat": "aa"}, id="too few images"),
        pytest.param({"photos": "abcdabcd"}, id="no folders of classes"),
        pytest.param({"dog": "aaaa"}, id="one class"),
        pytest.param({"ant": "abcd", "bee": "abcd", "cat": "abcd"}, id="none mostly"),
    ],
)
def test_nothing_speaks_against_their_order(answers):
    paths, rows = answered(answers)
    assert labels_stage(paths, rows, LABELS) is None


@pytest.mark.parametrize(
    ("answers", "swapped", "judged"),
    [
        pytest.param({"ant": "bbb", "bee": "ccc", "cat": "ddd", "dog": "aaa"}, 4, 4, id="rotated"),
        pytest.param({"ant": "bbbab", "bee": "ccacc", "cat": "ddddb", "dog": "abcda"}, 3, 4, id="rotated, often wrong"),
        pytest.param({"ant": "bbb", "bee": "aaa"}, 2, 2, id="two exchanged"),
    ],
)
def test_labels_in_another_order(answers, swapped, judged):
    paths, rows = answered(answers)
    stage = labels_stage(paths, rows, LABELS)
    assert stage is not None and not stage.passed
    assert stage.cause.startswith(
        f"of {judged} classes of images {swapped} are called by another's name, those of 'ant'"
    )
    assert stage.images == len(paths)
