"""How long a training will take."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cnnkit.train.data import Dataset, Split
from cnnkit.train.recipes import make_request
from cnnkit.train.runs import forecast


def images(count: int) -> Split:
    return Split.of(np.zeros((count, 4, 4, 3), np.uint8), np.arange(count) % 2)


@pytest.mark.parametrize(
    ("flags", "side", "said"),
    [
        pytest.param({"architecture": "efficientnet_lite0"}, 224,
                     "at most about 3 min: 21 s for the last layer, then 4 epochs of 41 s", id="two stages"),
        pytest.param({"architecture": "efficientnet_lite0", "head_only": True}, 224,
                     "at most about 21 s: 21 s for the last layer", id="one"),
        pytest.param({"architecture": "resnet8", "epochs": 10}, 96, "at most about 10 min: 10 epochs of 61 s",
                     id="plain"),
        pytest.param({"architecture": "resnet8"}, 32, "", id="small images"),
    ],
)  # fmt: skip
def test_it_is_said(
    flags: dict[str, Any], side: int, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="cnnkit")
    clock = iter(range(0, 100, 1))
    monkeypatch.setattr(forecast.time, "perf_counter", lambda: next(clock) * 0.16)  # 10 ms an image
    network = SimpleNamespace(input_shape=(None, side, side, 3), predict_on_batch=lambda _: None)
    dataset = Dataset("photos", ("a", "b"), images(1000), images(100), None)
    request = make_request("photos", Path("run"), flags)
    forecast.say_forecast(request, network, dataset)
    assert "".join(caplog.messages) == said
