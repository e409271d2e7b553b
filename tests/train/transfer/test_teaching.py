"""Two stages: the last layer on frozen features, then the upper layers; stopped, resumed, and gone on from."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnkit.errors import ModelError, UsageError
from cnnkit.runtime.pretrained import weights_installed
from cnnkit.train.fitting import load_checkpoint
from cnnkit.train.fitting.learning import build_for
from cnnkit.train.recipes import TrainingRequest, load_images, make_request
from cnnkit.train.runs import run_training
from cnnkit.train.runs.outcome import Outcome
from cnnkit.train.transfer import first_stage
from cnnkit.train.transfer.parts import find_parts, freeze_lower

pytestmark = pytest.mark.skipif(not weights_installed("efficientnet_lite0"), reason="needs the extra pretrained")

SHORT: dict[str, Any] = {"architecture": "efficientnet_lite0", "size": 32, "color": "rgb", "max_images": 200}


def request(out: Path, **flags: Any) -> TrainingRequest:
    return make_request("digits", out, {**SHORT, "epochs": 1, **flags})


def arrays(path: Path) -> list[np.ndarray]:
    import keras

    weights: list[np.ndarray] = keras.saving.load_model(path, compile=False).get_weights()
    return weights


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run of the first stage alone."""
    return run_training(request(tmp_path_factory.mktemp("runs") / "head", head_only=True, epochs=None))


def test_the_first_stage_learns_and_leaves_the_base_as_it_was(head: Outcome) -> None:
    (row,) = head.history
    assert (row["epoch"], head.epochs, head.metrics["epoch"]) == (0, 0, 0)
    assert head.metrics["top1"] > 0.7  # ten classes, 200 images
    before = build_for(request(head.folder), load_images(request(head.folder))).get_weights()
    after = arrays(head.folder / "model.keras")
    assert all(np.array_equal(one, other) for one, other in zip(before[:-2], after[:-2], strict=True))
    assert not np.array_equal(before[-2], after[-2])
    assert not (head.folder / "features").exists()


def test_the_second_stage_trains_upper_layers_without_their_statistics(tmp_path: Path, head: Outcome) -> None:
    outcome = run_training(request(tmp_path / "run"))
    assert [row["epoch"] for row in outcome.history] == [0, 1]
    assert outcome.history[0] == {**head.history[0], "images_per_s": outcome.history[0]["images_per_s"]}
    network = build_for(request(tmp_path), load_images(request(tmp_path)))
    parts = find_parts(network)
    assert parts is not None and parts.body.name == "efficientnet_lite0"
    freeze_lower(parts)
    trained = {weight.path for weight in network.trainable_weights}
    assert not any("_bn/" in path or "stem" in path for path in trained) and any("head/" in path for path in trained)
    checkpoint = load_checkpoint(tmp_path / "run")
    assert checkpoint is not None and len(checkpoint.history) == 2


def test_a_stopped_first_stage_takes_up_the_features_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    compute = first_stage.compute_features

    def stopping(features: Any, split: Any, title: str) -> Any:
        calls.append(title)
        if title == "validation" and calls.count(title) == 1:
            raise KeyboardInterrupt
        return compute(features, split, title)

    monkeypatch.setattr(first_stage, "compute_features", stopping)
    with pytest.raises(KeyboardInterrupt):
        run_training(request(tmp_path / "run", head_only=True))
    assert sorted(path.name for path in (tmp_path / "run" / "features").iterdir()) == ["train.npy", "view-0.npy"]
    outcome = run_training(request(tmp_path / "run", head_only=True, resume=True))
    assert calls == ["features", "validation", "validation"] and outcome.metrics["top1"] > 0.7


def test_a_run_that_begins_anew_takes_no_features_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_stage, "fit_head", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run_training(request(tmp_path / "run", head_only=True, seed=1))
    assert (tmp_path / "run" / "features" / "train.npy").is_file()
    monkeypatch.undo()
    anew = run_training(request(tmp_path / "run", head_only=True, seed=2, overwrite=True))
    plain = run_training(request(tmp_path / "plain", head_only=True, seed=2))
    assert anew.history[0]["val_loss"] == pytest.approx(plain.history[0]["val_loss"], rel=1e-5)


@pytest.mark.slow
def test_after_the_first_stage_the_second_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnkit.train.transfer import teaching

    whole = run_training(request(tmp_path / "whole", deterministic=True))
    learn = teaching.learn
    monkeypatch.setattr(teaching, "learn", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run_training(request(tmp_path / "parts", deterministic=True))
    monkeypatch.setattr(teaching, "learn", learn)
    parts = run_training(request(tmp_path / "parts", deterministic=True, resume=True))
    for one, other in zip(whole.history, parts.history, strict=True):
        assert {**one, "images_per_s": 0} == pytest.approx({**other, "images_per_s": 0}, rel=1e-4)


def test_a_last_layer_fitted_alone_is_gone_on_with(tmp_path: Path, head: Outcome) -> None:
    shutil.copytree(head.folder, tmp_path / "run")
    longer = run_training(request(tmp_path / "run", resume=True))
    whole = run_training(request(tmp_path / "whole"))
    assert longer.history[0] == head.history[0]
    assert {**longer.history[1], "images_per_s": 0} == pytest.approx({**whole.history[1], "images_per_s": 0}, rel=1e-3)
    with pytest.raises(UsageError, match="the schedule cosine was laid out for 1 epochs"):
        run_training(request(tmp_path / "run", resume=True, epochs=2))


def test_no_epochs_without_anything_learned_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="conv2 has learned none: name a pretrained one"):
        run_training(make_request("digits", tmp_path / "run", {"epochs": 0, "architecture": "conv2"}))


def test_from_goes_on_and_matches_classes_by_name(
    tmp_path: Path, head: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="cnnkit")
    earlier = make_request("digits", tmp_path / "on", {"earlier": head.folder, "epochs": 1, "max_images": 200})
    assert (earlier.architecture, earlier.size, earlier.color) == ("efficientnet_lite0", 32, "rgb")
    dataset = load_images(earlier)
    swapped = dataclasses.replace(dataset, labels=("new", *reversed(dataset.labels[1:])))
    kernel, bias = build_for(earlier, swapped).get_weights()[-2:]
    old_kernel, old_bias = arrays(head.folder / "model.keras")[-2:]
    assert np.array_equal(kernel[:, 1:], old_kernel[:, :0:-1]) and np.array_equal(bias[1:], old_bias[:0:-1])
    assert not np.allclose(kernel[:, 0], old_kernel[:, 0])
    assert "the last layer is new for new, 1 of its classes are left out" in caplog.text
    outcome = run_training(earlier)
    assert [row["epoch"] for row in outcome.history] == [1]  # the last layer has learned these classes already
    assert "the last layer is taken over, its classes by their names" in caplog.text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param({"size": 64}, "has size 32, and 64 is asked for", id="size"),
        pytest.param({"color": "gray"}, "has color rgb, and gray is asked for", id="colour"),
        pytest.param({"architecture": "resnet8"}, "has architecture efficientnet_lite0, and resnet8", id="network"),
        pytest.param({"weights": "none"}, "leave out --weights", id="weights"),
    ],
)
def test_from_takes_no_other_input(head: Outcome, tmp_path: Path, flags: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_request("digits", tmp_path, {"earlier": head.folder, **flags})


def test_from_needs_a_run(tmp_path: Path, head: Outcome) -> None:
    with pytest.raises(UsageError, match="no such file, expected a run folder"):
        make_request("digits", tmp_path, {"earlier": tmp_path / "nowhere.keras"})
    alone = tmp_path / "alone.keras"
    alone.write_bytes((head.folder / "model.keras").read_bytes())
    with pytest.raises(UsageError, match=r"no spec.json beside it says what network it is"):
        make_request("digits", tmp_path, {"earlier": alone})


def test_from_another_network_is_refused(tmp_path: Path, head: Outcome) -> None:
    other = run_training(make_request("digits", tmp_path / "conv2", {"epochs": 1, "architecture": "conv2"}))
    forged = tmp_path / "forged"
    forged.mkdir()
    (forged / "model.keras").write_bytes((other.folder / "model.keras").read_bytes())
    text = (other.folder / "spec.json").read_text().replace('"conv2"', '"vgg1"')
    (forged / "spec.json").write_text(text)
    asked = make_request("digits", tmp_path / "run", {"earlier": forged, "epochs": 1})
    with pytest.raises(ModelError, match="is another network than vgg1"):
        run_training(asked)
