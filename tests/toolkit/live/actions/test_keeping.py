from __future__ import annotations

import time
from dataclasses import replace

import cv2
import pytest
from live_fakes import picture

from cnnkit.classifier import Candidate, Prediction
from cnnkit.live.actions.keeping import FrameKeeper
from cnnkit.live.outputs import Observation
from cnnkit.live.region import Box
from cnnkit.sources import Frame

NOON = time.struct_time((2026, 5, 17, 12, 0, 0, 6, 137, 0))


def observed(number, label="cat", confidence=0.9, box=None):
    if label is None:
        return Observation(Frame(number, float(number), None, 0), "lost", None, 0.0)
    prediction = Prediction(label, confidence, (Candidate(label, confidence),))
    return Observation(Frame(number, float(number), picture(200), 0), "live", prediction, 0.0, box=box)


@pytest.fixture
def kept(tmp_path):
    """Returns what keeps frames, one a second, and then names the files."""

    def keep(observations, *, for_s=0.0, unsure=None, most=60, every_s=1.0):
        seconds = [0.0]
        keeper = FrameKeeper(tmp_path / "kept", for_s, unsure, most, lambda: seconds[0], lambda: NOON)
        for each in observations:
            keeper.write(each)
            seconds[0] += every_s
        return sorted(path.relative_to(tmp_path / "kept").as_posix() for path in (tmp_path / "kept").rglob("*.jpg"))

    return keep


def test_pictures_of_changes_in_a_folder_a_label(kept):
    frames = [observed(0), observed(1), observed(2, "dog"), observed(3, None), observed(4, "dog"), observed(5, "a/b")]
    assert kept(frames) == [
        "a_b/20260517-120000-5-change.jpg",
        "cat/20260517-120000-0-change.jpg",
        "dog/20260517-120000-2-change.jpg",
        "dog/20260517-120000-4-change.jpg",
    ]


def test_frames_that_the_model_is_unsure_about_at_even_distances(kept):
    frames = [observed(number, confidence=0.52 if number % 2 else 0.9) for number in range(200)]
    names = kept(frames, unsure=0.6, most=60)
    assert [name.split("-")[2] for name in names if "unsure-52" in name] == ["1", "121", "181", "61"]


@pytest.mark.parametrize(
    ("label", "top", "name"),
    [
        pytest.param("none", {}, None, id="sure that no label is right"),
        pytest.param("a, b", {"b": 0.95, "a": 0.55}, "a, b/20260517-120000-1-unsure-55.jpg", id="one of two is unsure"),
        pytest.param("a, b", {"b": 0.95, "a": 0.85}, None, id="both are sure"),
        pytest.param("a", {"b": 0.95, "a": 0.05}, None, id="one label of those shown"),
        pytest.param("unknown", {"a": 0.05}, "unknown/20260517-120000-1-unsure-05.jpg", id="below --min-confidence"),
    ],
)
def test_of_independent_labels_the_least_sure_counts(kept, label, top, name):
    prediction = Prediction(label, max(top.values(), default=0.05), tuple(Candidate(*each) for each in top.items()))
    frames = [replace(observed(number), prediction=prediction) for number in range(2)]
    assert [each for each in kept(frames, unsure=0.6) if "unsure" in each] == ([] if name is None else [name])


def test_at_most_so_many_an_hour(kept):
    flickering = [observed(number, "cat" if number % 2 else "dog") for number in range(100)]
    assert len(kept(flickering, most=10)) == 10
    hours = [observed(200 + number, "cat" if number % 2 else "dog") for number in range(6)]
    assert len(kept(hours, most=2, every_s=1800.0)) == 10 + 6


def test_what_was_classified_is_kept_and_nothing_drawn(kept, tmp_path):
    kept([observed(0, box=Box(8, 4, 32, 24))])
    [path] = (tmp_path / "kept" / "cat").iterdir()
    image = cv2.imread(str(path))
    assert image.shape == (24, 32, 3) and abs(int(image[5, 5, 2]) - 200) < 5


def test_a_full_disk_ends_nothing(tmp_path, caplog):
    (tmp_path / "kept").write_text("a file where the folder should be")
    FrameKeeper(tmp_path / "kept", 0.0, None, 60).write(observed(0))
