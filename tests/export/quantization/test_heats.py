from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_cnn import SMALL_SPEC, colour_images, save_small, small_graph, write_class_folders

from cnnkit.errors import DataError
from cnnkit.export.graph.graphs import load_graph
from cnnkit.export.quantization import heats, held_out, jury
from cnnkit.export.quantization.batching import images_at_once
from cnnkit.export.quantization.candidates import Candidate, Workshop
from cnnkit.export.quantization.choosing import Limits
from cnnkit.export.quantization.effects import Effect
from cnnkit.export.quantization.heats import measure_in_heats
from cnnkit.export.quantization.held_out import HeldOut
from cnnkit.export.quantization.jury import Jury
from cnnkit.export.quantization.measuring import SHORT, Measured, frozen_heap
from cnnkit.runtime.onnx import OnnxClassifier
from cnnkit.sources import list_images

LIMITS = Limits(0.005, 0.96)


def candidate(name: str, refused: str | None = None) -> Candidate:
    return Candidate(name, "float32" if name == "float32" else "int8", name, Path(name), None, refused)


class Stand:
    """In place of measuring: candidates whose figures are given, and a record of what was measured how."""

    def __init__(self, **figures: tuple[float, float]) -> None:
        self.figures = {"float32": (1.0, 1.0)} | figures  # name -> time over float32's, agreement
        self.calls: list[tuple[str, ...]] = []  # of the full measuring
        self.slow_down = 1.0  # the machine's: every full measuring finds it slower

    def __call__(self, candidates, jury, image, threads, *, effort=None):
        short = effort is SHORT
        if not short:
            self.slow_down *= 2
            self.calls.append(tuple(one.name for one in candidates))
        return tuple(self._measured(one, 96 if short else 1000, short) for one in candidates)

    def _measured(self, one: Candidate, images: int, short: bool) -> Measured:
        ratio, agreement = self.figures[one.name]
        effect = None if one.name == "float32" else Effect(images, agreement)
        slow = 1.0 if short else self.slow_down
        return Measured(one, 1, 10 * ratio * slow, ratio, 100 / ratio / slow, 1, 6 if short else 100, effect)


@pytest.fixture
def stand(monkeypatch):
    def build(**figures):
        made = Stand(**figures)
        monkeypatch.setattr(heats, "measure_candidates", made)
        return made

    return build


def run(stand: Stand, refused: dict[str, str] | None = None) -> dict[str, Measured]:
    entered = [candidate(name, (refused or {}).get(name)) for name in stand.figures]
    found = measure_in_heats(entered, None, np.zeros((1, 8, 8, 3), np.uint8), 1, LIMITS)
    assert [one.candidate.name for one in found] == list(stand.figures)
    return {one.candidate.name: one for one in found}


def test_who_cannot_win_is_dropped_after_a_few_images_and_told_why(stand):
    made = stand(good=(0.5, 0.99), slow=(1.3, 0.99), wrong=(0.4, 0.8), unsafe=(0.3, 0.99), close=(0.5, 0.95))
    found = run(made, {"unsafe": "saturates"})
    assert made.calls == [("float32", "good", "close")]  # 95 % of 96 images may be 96 % of all
    assert {name: one.effect.images for name, one in found.items() if one.effect} == {
        "good": 1000, "close": 1000, "slow": 96, "wrong": 96, "unsafe": 96,
    }  # fmt: skip
    assert {name: one.dropped for name, one in found.items() if one.dropped} == {
        "slow": "takes 1.30 x the time of float32",
        "wrong": "same label on 80.0% of the first 96 images only",
        "unsafe": "saturates",
    }


def test_no_more_than_four_are_open_at_a_time_and_the_slower_ones_wait_for_the_faster_to_fail(stand):
    made = stand(a=(0.7, 0.99), b=(0.71, 0.99), c=(0.5, 0.95), d=(0.51, 0.95), e=(0.52, 0.95), f=(0.9, 0.99))
    found = run(made)
    assert made.calls == [("float32", "c", "d", "e"), ("float32", "a", "b", "f")]
    assert found["f"].dropped is None
    made = stand(a=(0.7, 0.99), b=(0.71, 0.99), c=(0.5, 0.99), d=(0.51, 0.95), e=(0.52, 0.95), f=(0.9, 0.99))
    found = run(made)
    assert made.calls == [("float32", "c", "d", "e")]
    assert found["a"].dropped == "takes 1.40 x the time of c"


def test_times_of_all_groups_are_those_of_one_machine(stand):
    """The machine becomes twice as slow from group to group."""
    found = run(stand(a=(0.7, 0.9), b=(0.71, 0.95), c=(0.5, 0.95), d=(0.51, 0.95), e=(2.0, 0.99)))
    base = found["float32"].latency_ms
    assert {name: one.latency_ms / base for name, one in found.items()} == pytest.approx(
        {"float32": 1.0, "a": 0.7, "b": 0.71, "c": 0.5, "d": 0.51, "e": 2.0}
    )
    assert found["a"].images_per_s / found["float32"].images_per_s == pytest.approx(1 / 0.7)


def test_what_runs_the_same_kernels_takes_the_same_time(stand, monkeypatch):
    monkeypatch.setattr(Candidate, "kernels", property(lambda self: ("u8",) if self.name in "abc" else None))
    found = run(stand(a=(0.4, 0.99), b=(0.5, 0.99), c=(0.8, 0.99), d=(0.45, 0.99)))
    assert {name: one.ratio for name, one in found.items()} == {
        "float32": 1.0, "a": 0.5, "b": 0.5, "c": 0.5, "d": 0.45,
    }  # fmt: skip
    assert found["c"].latency_ms == found["a"].latency_ms


def test_real_candidates_come_out_in_their_order_with_few_sessions_open(small_model, tmp_path, monkeypatch):
    images = colour_images(40, seed=1)[0]
    workshop = Workshop(small_model, SMALL_SPEC, images, "any", tmp_path)
    made, _ = workshop.make_all("minmax", None)
    most = 0
    real = Candidate.open

    def count(self, threads):
        nonlocal most
        opened = real(self, threads)
        gc.collect()
        most = max(most, sum(isinstance(one, OnnxClassifier) for one in gc.get_objects()))
        return opened

    monkeypatch.setattr(Candidate, "open", count)
    gc.collect()
    before = sum(isinstance(one, OnnxClassifier) for one in gc.get_objects())
    held = HeldOut(tuple(list_images(write_class_folders(tmp_path / "held", 20, seed=3))), None)
    found = measure_in_heats(made, Jury.of_held_out(held, SMALL_SPEC.input, 8), images[:1], 1, LIMITS)
    assert [one.candidate.name for one in found] == [one.name for one in made]
    assert len(made) > 6
    assert most - before <= 4


@pytest.fixture
def held(tmp_path):
    paths = list_images(write_class_folders(tmp_path / "held", 30, seed=3))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    targets = [int(path.parent.name != paths[0].parent.name) for path in paths]
    return HeldOut((paths[0], broken, *paths[1:]), (targets[0], 0, *targets[1:]))


class Counting:
    """A model that counts its answers."""

    def __init__(self, path: Path) -> None:
        self._model, self.images, self.largest = OnnxClassifier(path), 0, 0
        self.spec = self._model.spec

    def probabilities(self, images):
        self.images += len(images)
        self.largest = max(self.largest, len(images))
        return self._model.probabilities(images)


@pytest.mark.parametrize("remembered", [2**20, 30_000, 0])
def test_the_jury_asks_float32_once_and_names_what_cannot_be_read_once(
    held, small_model, monkeypatch, caplog, remembered
):
    monkeypatch.setattr(held_out, "_CHUNK", 8)
    monkeypatch.setattr(jury, "_REMEMBERED", remembered)
    floating, other = Counting(small_model), Counting(small_model)
    judges = Jury.of_held_out(held, SMALL_SPEC.input, 5)
    few = judges.judge(floating, other, 10)
    assert (few.images, few.agreement, other.images, floating.images) == (10, 1.0, 10, 15)  # two chunks of float32
    whole = judges.judge(floating, other)
    count = len(held.paths) - 1
    assert (whole.images, floating.images, other.images) == (count, count, 10 + count)
    assert max(floating.largest, other.largest) == 5
    assert whole.drop is not None
    assert whole.drop[0] == 0
    assert caplog.text.count("broken.png") == 1


def test_a_jury_without_a_readable_image(tmp_path, small_model):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    model = OnnxClassifier(small_model)
    with pytest.raises(DataError, match="none of the images to measure on can be read"):
        Jury.of_held_out(HeldOut((broken,), None), SMALL_SPEC.input, 4).judge(model, model)


def test_large_activations_go_through_in_small_batches(tmp_path):
    small = load_graph(save_small(tmp_path / "small.onnx", small_graph()))
    assert images_at_once(small) == 256
    for value in small.graph.input:
        value.type.tensor_type.shape.dim[1].dim_value = 256
        value.type.tensor_type.shape.dim[2].dim_value = 256
    few = images_at_once(small)
    assert 4 <= few < 256
    names = [name for node in small.graph.node for name in node.output]
    assert images_at_once(small, names) < few


def test_figures_say_how_many_calls_were_timed():
    one = replace(Stand()._measured(candidate("float32"), 0, True), effect=None)
    assert one.figures()["runs"] == 6


def test_the_heap_is_frozen_and_what_was_frozen_before_stays_so():
    gc.unfreeze()
    with frozen_heap():
        assert gc.get_freeze_count() > 0
        with frozen_heap():
            pass
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
    gc.freeze()
    with frozen_heap():
        pass
    assert gc.get_freeze_count() > 0
