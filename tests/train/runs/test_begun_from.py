"""Runs that began with another one's weights are resumed without it: they have them all themselves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnkit.errors import UsageError
from cnnkit.train.fitting.recorder import Recorder
from cnnkit.train.recipes import make_request
from cnnkit.train.runs import run_training
from cnnkit.train.transfer import teaching

FLAGS: dict[str, Any] = {"epochs": 2, "deterministic": True}


@pytest.fixture
def train(colour_folder: Path, tmp_path: Path) -> Any:
    """Trains into a folder of a name."""

    def run(out: str, **flags: Any) -> Any:
        return run_training(make_request(str(colour_folder), tmp_path / out, {**FLAGS, **flags}))

    run("first", architecture="conv2", size=16, epochs=1)
    return run


def weights(folder: Path) -> list[np.ndarray]:
    import keras

    found: list[np.ndarray] = keras.saving.load_model(folder / "model.keras").get_weights()
    return found


def interrupt(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    keep = Recorder._keep

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    def keep_and_stop(recorder: Recorder, row: dict[str, float]) -> None:
        keep(recorder, row)
        raise KeyboardInterrupt

    if where == "after the first stage":
        monkeypatch.setattr(teaching, "learn", stop)
    else:
        monkeypatch.setattr(Recorder, "_keep", keep_and_stop)


@pytest.mark.parametrize(
    ("option", "where"),
    [
        ("--weights", "after the first stage"),
        ("--from", "after an epoch"),
        pytest.param("--from", "after the first stage", marks=pytest.mark.slow),
        pytest.param("--weights", "after an epoch", marks=pytest.mark.slow),
    ],
)
def test_what_a_run_began_with_may_be_gone(
    train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, where: str
) -> None:
    first = tmp_path / "first"
    begun: dict[str, Any] = {"earlier": first}
    if option == "--weights":
        begun = {"architecture": "conv2", "size": 16, "weights": str(first / "model.keras"), "head_first": True}
    elif where == "after the first stage":
        spec = json.loads((first / "spec.json").read_text())
        text = json.dumps({**spec, "labels": ["others", *spec["labels"][1:]]})  # so that the last layer is new
        (first / "spec.json").write_text(text)
        begun["head_first"] = True
    whole = train("whole", **begun)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        interrupt(patched, where)
        train("parts", **begun)
    shutil.rmtree(first)
    parts = train("parts", **begun, resume=True)
    assert [row["epoch"] for row in parts.history] == [row["epoch"] for row in whole.history]
    for one, other in zip(weights(tmp_path / "whole"), weights(tmp_path / "parts"), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    configs = [(tmp_path / name / "config.json").read_text() for name in ("whole", "parts")]
    assert configs[0] == configs[1]


def test_a_run_that_has_nothing_yet_needs_it(train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        interrupt(patched, "after the first stage")
        train("parts", earlier=tmp_path / "first")  # its last layer knows all classes: there is no first stage
    shutil.rmtree(tmp_path / "first")
    with pytest.raises(UsageError, match=r"--from .*first: no such file, expected a run folder"):
        train("parts", earlier=tmp_path / "first", resume=True)


@pytest.mark.parametrize(
    ("resumed", "flags", "message"),
    [
        pytest.param("other", {}, "no such file, expected a run folder", id="a run that began otherwise"),
        pytest.param("nowhere", {}, "no such file, expected a run folder", id="no run", marks=pytest.mark.slow),
        pytest.param(
            "second", {"size": 32}, "has size 16, and 32 is asked for", id="another size", marks=pytest.mark.slow
        ),
    ],
)
def test_nothing_else_goes_without(
    train: Any, tmp_path: Path, resumed: str, flags: dict[str, Any], message: str
) -> None:
    train("second", earlier=tmp_path / "first", epochs=1)
    train("other", architecture="conv2", size=16, epochs=1)
    shutil.rmtree(tmp_path / "first")
    with pytest.raises(UsageError, match=message):
        train(resumed, earlier=tmp_path / "first", resume=True, epochs=1, **flags)


def test_without_from_it_is_another_training(train: Any, tmp_path: Path) -> None:
    train("second", earlier=tmp_path / "first", epochs=1)
    with pytest.raises(UsageError, match="cannot be resumed with other options: earlier was '"):
        train("second", architecture="conv2", size=16, resume=True, epochs=1)


def test_the_last_layer_alone_is_fitted_anew_for_classes_that_are_known(train: Any, tmp_path: Path) -> None:
    outcome = train("again", earlier=tmp_path / "first", head_only=True)
    assert [row["epoch"] for row in outcome.history] == [0]
    first, again = weights(tmp_path / "first"), weights(tmp_path / "again")
    assert all(np.array_equal(one, other) for one, other in zip(first[:-2], again[:-2], strict=True))
    assert not np.array_equal(first[-2], again[-2])
