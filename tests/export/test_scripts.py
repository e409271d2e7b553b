from __future__ import annotations

import sys

import pytest
from script_modules import load_script


def test_the_parity_of_a_network(keras, tmp_path):
    parameters, confidence, difference, logits, changed = load_script("measure_parity").measure("resnet8", tmp_path)
    assert parameters == 78_666
    assert 0.15 < confidence < 0.95  # neither the same for all images nor saturated
    assert difference < 1e-4
    assert logits < 1e-3
    assert changed == 0


def test_what_quantizing_takes(small_model, colours, monkeypatch, capfd):
    script = load_script("measure_quantizing")
    arguments = [str(small_model), "--calibration", str(colours), "--scheme", "u8s8-7bit", "--calibration-size", "48"]
    monkeypatch.setattr(sys, "argv", ["measure_quantizing.py", *arguments])
    assert script.main() == 0
    last = capfd.readouterr().out.splitlines()[-1]
    seconds, size = last.split(" s, at most ")[0], float(last.split(", ")[-1].removesuffix(" x"))
    assert int(seconds) >= 1
    assert size == pytest.approx(0.5, abs=0.4)
