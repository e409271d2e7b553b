"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import pytest
from hypothesis import HealthCheck, settings
from tiny_models import TINY_SPEC, build_tiny_onnx, solid, tiny_spec

import cnnkit.runtime.model
from cnnkit.spec import ModelSpec
from cnnkit.system import log

# A busy machine is no fault of what is tested.
settings.register_profile("cnnkit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cnnkit")


@pytest.fixture(autouse=True)
def _fresh_log() -> Iterator[None]:
    """Undoes what the command line does to cnnkit's log, so that `caplog` sees it in the next test."""
    before = (log.handlers, log.propagate, log.level)
    yield
    log.handlers, log.propagate = before[:2]
    log.setLevel(before[2])


@pytest.fixture(autouse=True, scope="session")
def _signals_as_in_a_terminal() -> None:
    """Hears what whoever started the tests ignores (nohup, `&`): the processes of tests would ignore it, too."""
    for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(autouse=True, scope="module")
def _frozen_heap() -> None:
    """Spares the collections of these tests what is alive by now: TensorFlow's objects take a second each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _without_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares these tests the waiting between contenders, without which times are disturbed, but there all the same."""
    monkeypatch.setattr("cnnkit.measuring.timing.REST_S", 0.0)


@pytest.fixture
def models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in the place of the one with the bundled models."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr(cnnkit.runtime.model, "MODELS_FOLDER", folder)
    return folder


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tiny model: make_model(name="tiny.onnx", spec=..., ...) as `build_tiny_onnx` takes them."""

    def make(name: str = "tiny.onnx", spec: ModelSpec | None = TINY_SPEC, **options: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(build_tiny_onnx(spec, **options))
        return path

    return make


@pytest.fixture
def tiny_model(make_model: Callable[..., Path]) -> Path:
    """A tiny model with a spec and golden images."""
    return make_model(spec=tiny_spec())


@pytest.fixture
def make_image(tmp_path: Path) -> Callable[..., Path]:
    """Writes an image of one colour: make_image("folder/red.png", "red")."""

    def make(name: str, color: str = "red", size: Sequence[int] = (20, 30)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _, data = cv2.imencode(path.suffix, solid(color, *size)[..., ::-1])
        path.write_bytes(bytes(data))
        return path

    return make
