from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_models import TINY_SPEC, tiny_answer

from cnnkit.errors import DataError, ImageError, ModelError
from cnnkit.sources.class_folders import LabelledImages
from cnnkit.train.evaluation.answers import Answers, ReadingOptions, collect_answers
from cnnkit.train.evaluation.data import EvaluationData


class Fake:
    """Answers as the tiny model does, and notes how many images it saw at once."""

    spec = TINY_SPEC

    def __init__(self, answer: Callable[[np.ndarray], np.ndarray] = tiny_answer) -> None:
        self.sizes: list[int] = []
        self._answer = answer

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        self.sizes.append(len(images))
        return self._answer(images)


IMAGES = np.random.default_rng(5).integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
TARGETS = np.arange(30) % 3
SOURCES = tuple(map(str, range(30)))


def data(failures: tuple[ImageError, ...] = ()) -> EvaluationData:
    def batches(size: int):
        for start in range(0, 30, size):
            part = slice(start, start + size)
            sources = SOURCES[part]
            yield LabelledImages(TINY_SPEC.labels, IMAGES[part], TARGETS[part], sources, failures if start == 0 else ())

    return EvaluationData(SOURCES, batches)


def collect(model: Fake | None = None, failures: tuple[ImageError, ...] = (), **options: object) -> Answers:
    return collect_answers(model or Fake(), data(failures), ReadingOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, 7, 30, 100])
def test_answers_do_not_depend_on_the_batch_size(size: int) -> None:
    model = Fake()
    answers = collect(model, batch_size=size)
    np.testing.assert_allclose(answers.probabilities, tiny_answer(IMAGES), rtol=1e-6)
    assert answers.targets.tolist() == TARGETS.tolist()
    assert answers.sources == tuple(map(str, range(30)))
    assert max(model.sizes) == min(size, 30) and sum(model.sizes) == 30


def test_the_surest_mistakes_are_kept_with_their_images() -> None:
    answers = collect(worst=3, batch_size=4)
    wrong = np.flatnonzero(~answers.correct)
    surest = wrong[np.argsort(-answers.probabilities[wrong].max(axis=1))][:3]
    assert [shown.index for shown in answers.worst] == surest.tolist()
    for shown in answers.worst:
        assert (shown.image == IMAGES[shown.index]).all()
        assert (shown.target, shown.predicted) == (TARGETS[shown.index], answers.predicted[shown.index])
        assert shown.probability == answers.probabilities[shown.index].max()


def test_the_random_batch_follows_the_seed_alone() -> None:
    def drawn(**options: object) -> list[int]:
        return [shown.index for shown in collect(shown=8, **options).shown]

    assert drawn(seed=1) == drawn(seed=1, batch_size=3) != drawn(seed=2)
    assert len(set(drawn())) == 8
    assert sorted(shown.index for shown in collect(shown=99).shown) == list(range(30))
    assert collect().shown == ()


def test_flip_averages_an_image_and_its_mirror_image() -> None:
    def left_is_red(images: np.ndarray) -> np.ndarray:
        red = images[:, :, 0].mean(axis=(1, 2)) / 255
        return np.stack([red, 1 - red, 0 * red], axis=1).astype(np.float32)

    answers = collect(Fake(left_is_red), flip=True)
    expected = (left_is_red(IMAGES) + left_is_red(IMAGES[:, :, ::-1])) / 2
    np.testing.assert_allclose(answers.probabilities, expected, rtol=1e-6)
    assert not np.allclose(expected, left_is_red(IMAGES))


BROKEN = (ImageError("a.png", "empty file"), ImageError("b.png", "no image"))


def test_unreadable_images_are_listed_and_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    assert collect(failures=BROKEN).failures == BROKEN
    assert [record.getMessage() for record in caplog.records] == ["a.png: empty file", "b.png: no image"]


def test_strict_stops_at_the_first() -> None:
    with pytest.raises(DataError, match=r"a.png: empty file: --strict stops here"):
        collect(failures=BROKEN, strict=True)


def test_nothing_readable() -> None:
    empty = LabelledImages(TINY_SPEC.labels, IMAGES[:0], TARGETS[:0], (), BROKEN)
    with pytest.raises(DataError, match=r"none of 2 images can be read, the first: a.png: empty file"):
        collect_answers(Fake(), EvaluationData(("a.png", "b.png"), lambda _: iter([empty])), ReadingOptions())


def test_an_answer_that_is_not_finite_names_the_image() -> None:
    def broken(images: np.ndarray) -> np.ndarray:
        return np.where((images == IMAGES[5]).all(axis=(1, 2, 3))[:, None], np.nan, tiny_answer(images))

    with pytest.raises(ModelError, match="not finite for image 5"):
        collect(Fake(broken), batch_size=4)


def test_memory_holds_one_batch_of_images(tmp_path: Path) -> None:
    import weakref

    alive: list[weakref.ref[np.ndarray]] = []

    def batches(size: int):
        for start in range(0, 30, size):
            assert sum(reference() is not None for reference in alive) <= 1
            images = IMAGES[start : start + size].copy()
            alive.append(weakref.ref(images))
            targets = TARGETS[start : start + size]
            yield LabelledImages(TINY_SPEC.labels, images, targets, tuple(map(str, targets)), ())
            del images

    collect_answers(Fake(), EvaluationData(SOURCES, batches), ReadingOptions(batch_size=5, shown=3))


@pytest.mark.parametrize("size", [4, 30])
def test_named_images_are_kept_in_the_order_of_their_names(size: int) -> None:
    answers = collect(named=("17", "3", "29"), batch_size=size)
    assert [shown.index for shown in answers.named] == [17, 3, 29]
    for shown in answers.named:
        np.testing.assert_array_equal(shown.image, IMAGES[shown.index])
        assert (shown.target, shown.predicted) == (TARGETS[shown.index], answers.predicted[shown.index])
    assert collect().named == ()
