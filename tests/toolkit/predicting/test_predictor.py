from __future__ import annotations

import logging

import numpy as np
import pytest
from tiny_models import TINY_SPEC, tiny_answer

from cnnkit.errors import SourceError
from cnnkit.predicting.counts import RunCounts
from cnnkit.predicting.options import NamedClassifier, PredictOptions
from cnnkit.predicting.predictor import Predictor
from cnnkit.sources.found import FoundImage


class CountingClassifier:
    """Answers like the tiny model and remembers the size of each batch."""

    spec = TINY_SPEC

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def probabilities(self, images):
        self.sizes.append(len(images))
        return tiny_answer(images)


class BrokenClassifier(CountingClassifier):
    """Gives no number for the second image of each batch."""

    def probabilities(self, images):
        answers = super().probabilities(images)
        answers[1] = np.nan
        return answers


CLOCK = (10.0, 12.5)  # at the beginning and the end of a run


def predict(files, classifier=None, **options):
    """Returns the counts, and the rows of each batch."""
    predictor, counts = (
        Predictor([NamedClassifier(classifier or CountingClassifier())], PredictOptions(**options)),
        RunCounts(iter(CLOCK).__next__),
    )
    batches = []
    for outcomes in predictor.outcomes(counts.wanted(files)):
        counts.add(outcomes)
        batches.append([row for outcome in outcomes for row in outcome.rows])
    return counts, batches


@pytest.fixture
def files(make_image, tmp_path):
    """Red, broken, green, skipped, blue, unreadable."""
    (tmp_path / "broken.png").write_bytes(b"no image")
    return [
        FoundImage(str(make_image("1.png", "red"))),
        FoundImage(str(tmp_path / "broken.png")),
        FoundImage(str(make_image("2.png", "green"))),
        FoundImage("notes.txt", skipped=True),
        FoundImage(str(make_image("3.png", "blue"))),
        FoundImage("locked", problem="permission denied"),
    ]


@pytest.mark.parametrize(
    ("batch_size", "rows", "runs"), [(1, [1] * 5, [1, 1, 1]), (2, [2, 2, 1], [1, 2]), (32, [5], [3])]
)
def test_batches_keep_the_order(files, batch_size, rows, runs):
    classifier = CountingClassifier()
    counts, batches = predict(files, classifier, batch_size=batch_size)
    assert [len(batch) for batch in batches] == rows
    assert classifier.sizes == runs
    labels = [row.prediction.label if row.prediction else None for batch in batches for row in batch]
    assert labels == ["red", None, "green", "blue", None]
    assert (counts.images, counts.failed, counts.skipped) == (5, 2, 1)


def test_failures_say_why(files):
    _, [rows] = predict(files)
    assert [row.error is None for row in rows] == [True, False, True, True, False]
    assert rows[4].error == "permission denied"
    assert files[1].source not in rows[1].error


def test_files_are_asked_for_batch_by_batch(files):
    asked = []

    def watched():
        for file in files:
            asked.append(file)
            yield file

    batches = Predictor([NamedClassifier(CountingClassifier())], PredictOptions(batch_size=2)).outcomes(watched())
    next(batches)
    assert len(asked) == 2


@pytest.mark.parametrize(("least", "label"), [(0.0, "red"), (0.9, "red"), (0.97, "unknown"), (1.0, "unknown")])
def test_min_confidence(files, least, label):
    _, [[row]] = predict(files[:1], min_confidence=least)
    assert row.prediction.label == label
    assert row.prediction.confidence == pytest.approx(0.9647, abs=1e-4)
    assert row.prediction.top[0].label == "red"


def test_top_k(files):
    _, [[row]] = predict(files[:1], top_k=2)
    assert [candidate.label for candidate in row.prediction.top] == ["red", "green"]


def test_max_pixels(files):
    _, [[row]] = predict(files[:1], max_pixels=599)  # the image has 20 x 30
    assert row.error is not None


def test_answer_that_is_not_finite_fails_alone(files):
    _, [rows] = predict([files[0], files[2], files[4]], BrokenClassifier())
    assert [row.error for row in rows] == [None, "the model's answer is not finite", None]


def test_warning_of_an_image(make_image):
    path = make_image("cut\n.jpg")
    path.write_bytes(path.read_bytes()[:-2])  # without the end marker
    _, [[row]] = predict([FoundImage(str(path))])
    assert (row.prediction.label, row.warning) == ("red", "JPEG lacks its end marker")


def test_counts_are_logged(files, caplog):
    caplog.set_level(logging.INFO)
    counts, _ = predict(files)
    counts.require_images(["folder"])
    caplog.clear()
    counts.log_all()
    assert caplog.messages == [
        "5 images in 2.5 s (2 images/s)",
        "red 1, green 1, blue 1",
        "skipped 1 file: no image by its suffix",
        "2 of 5 inputs failed",
    ]


def test_nothing_is_logged_when_all_went_well(files, caplog):
    caplog.set_level(logging.INFO)
    counts, _ = predict(files[:1])
    counts.log_all()
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("found", "where"),
    [
        pytest.param([], "no image found in empty, stdin: expected files named .apng ", id="nothing"),
        pytest.param(
            [FoundImage("a.txt", skipped=True)] * 2,
            "no image found in empty, stdin (2 other files): expected files named .apng ",
            id="other files",
        ),
    ],
)
def test_no_image_at_all(found, where):
    counts, batches = predict(found)
    assert batches == []
    with pytest.raises(SourceError) as caught:
        counts.require_images(["empty", "-"])
    assert str(caught.value).startswith(where)


@pytest.mark.parametrize(("keep", "kept"), [(False, 0), (True, 6)])
def test_frames_of_a_video_are_not_held_in_memory_unasked(keep, kept):
    frames = (FoundImage("film.mp4", frame=number, pixels=np.zeros((90, 160, 3), np.uint8)) for number in range(6))
    predictor = Predictor([NamedClassifier(CountingClassifier())], PredictOptions(keep_frames=keep, batch_size=2))
    outcomes = [outcome for batch in predictor.outcomes(frames) for outcome in batch]
    assert [outcome.found.frame for outcome in outcomes] == list(range(6))
    assert sum(outcome.found.pixels is not None for outcome in outcomes) == kept
