"""Every feature of a recipe in a real, short training."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnkit.errors import UsageError
from cnnkit.train.recipes.options import make_request
from cnnkit.train.runs.outcome import Outcome
from cnnkit.train.runs.training import run_training

SHORT: dict[str, Any] = {"epochs": 2, "max_images": 200, "size": 16, "batch_size": 32, "validation": 0.2}


def train(out: Path, **flags: Any) -> Outcome:
    return run_training(make_request("digits", out, {**SHORT, **flags}))


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param({"mixup": 0.2, "cutmix": 1.0}, id="mixing"),
        pytest.param({"rand_augment": 0.2, "random_erasing": 0.5, "color": "rgb"}, id="RandAugment and erasing"),
        pytest.param({"brightness": 0.1, "contrast": 0.1, "shear": 0.1, "fill": "reflect"}, id="colour and shear"),
        pytest.param({"dropout": 0.2, "l1": 1e-5, "l2": 1e-4, "class_weights": True}, id="regularised"),
        pytest.param({"optimizer": "lion", "learning_rate": 1e-4, "clip_norm": 1.0}, id="Lion, clipped"),
        pytest.param({"schedule": "plateau", "standardise": "range", "checkpoint": "last"}, id="plateau"),
    ],
)
def test_it_learns(tmp_path: Path, flags: dict[str, Any]) -> None:
    outcome = train(tmp_path / "run", **flags)
    losses = [row["val_loss"] for row in outcome.history]
    assert len(losses) == 2 and losses[1] < losses[0] < 2.6  # log(10) is 2.3


@pytest.mark.slow
def test_the_average_of_the_weights_is_what_is_kept(tmp_path: Path) -> None:
    import keras

    def kernel(name: str, **flags: Any) -> np.ndarray:
        train(tmp_path / name, epochs=1, deterministic=True, **flags)
        return keras.saving.load_model(tmp_path / name / "model.keras").get_weights()[0]

    start = kernel("start", learning_rate=1e-9)
    last = kernel("last", learning_rate=0.01)
    average = kernel("average", learning_rate=0.01, ema=0.9)
    assert 0 < np.linalg.norm(average - start) < 0.9 * np.linalg.norm(last - start)


def test_an_interrupted_average_goes_on_where_it_was(tmp_path: Path) -> None:
    import keras

    flags = {"ema": 0.9, "deterministic": True, "flip": True, "dropout": 0.1, "mixup": 0.2}
    train(tmp_path / "whole", **flags)
    request = make_request("digits", tmp_path / "parts", {**SHORT, **flags})
    run_training(dataclasses.replace(request, recipe=dataclasses.replace(request.recipe, epochs=1)))
    config = tmp_path / "parts" / "config.json"
    config.write_text(config.read_text().replace('"epochs": 1', '"epochs": 2'))
    run_training(dataclasses.replace(request, resume=True))
    whole, parts = (keras.saving.load_model(tmp_path / name / "model.keras") for name in ("whole", "parts"))
    for one, other in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_early_stopping_ends_the_training(tmp_path: Path) -> None:
    outcome = train(tmp_path / "run", epochs=9, early_stopping=1, learning_rate=1e-9)
    assert len(outcome.history) < 9


def test_weights_of_a_file_are_where_training_starts(tmp_path: Path) -> None:
    train(tmp_path / "first", epochs=4)
    file = tmp_path / "secret.keras"
    (tmp_path / "first" / "model.keras").rename(file)
    flags = {"weights": str(file), "learning_rate": 1e-9}
    outcome = train(tmp_path / "second", **flags, epochs=1)
    assert outcome.metrics["top1"] > 0.5
    written = (tmp_path / "second" / "config.json", tmp_path / "second" / "spec.json")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in written[0].read_text()
    assert not any("secret" in path.read_text() for path in written)

    other = tmp_path / "other.keras"
    other.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(UsageError, match=r"weights was '.*' and is '.*'"):
        train(tmp_path / "second", weights=str(other), learning_rate=1e-9, epochs=1, resume=True)
    file.unlink()
    for gone in ({}, {"weights": str(file)}):
        again = train(tmp_path / "second", learning_rate=1e-9, epochs=1, resume=True, **gone)
        assert again.metrics["top1"] == outcome.metrics["top1"]
    (tmp_path / "second" / "checkpoint.npz").unlink()
    with pytest.raises(UsageError, match=r"weights was '.*' and is None"):
        train(tmp_path / "second", learning_rate=1e-9, epochs=1, resume=True)
    with pytest.raises(UsageError, match=r"secret.keras: no such file, expected imagenet, none, or a"):
        train(tmp_path / "second", **flags, epochs=1, resume=True)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("teacher") / "run"
    train(out, epochs=4)
    return out


def test_a_pupil_learns_from_its_teacher_alone(teacher: Path, tmp_path: Path) -> None:
    import keras

    outcome = train(tmp_path / "run", teacher=teacher, distillation=1.0, epochs=4)
    assert outcome.metrics["top1"] > 0.5
    assert keras.saving.load_model(tmp_path / "run" / "model.keras").count_params() == 151_306  # of conv2 alone


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param({"size": 24}, "takes 16x16 gray images, its pupil 24x24 gray images", id="another size"),
        pytest.param({"teacher": Path("nowhere")}, "no teacher nowhere", id="no teacher"),
    ],
)
def test_teachers_that_cannot_teach(teacher: Path, tmp_path: Path, flags: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        train(tmp_path / "run", **{"teacher": teacher, **flags})


def test_a_teacher_of_other_classes(teacher: Path, tmp_path: Path, colour_folder: Path) -> None:
    flags = {"teacher": teacher, "size": 16, "color": "gray"}
    with pytest.raises(UsageError, match=r"knows the labels 0, 1, 2, 3, ... \(10\), the data has blue, green, red"):
        run_training(make_request(str(colour_folder), tmp_path / "run", flags))
