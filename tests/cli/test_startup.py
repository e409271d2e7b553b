from __future__ import annotations

import importlib.util
import statistics
from pathlib import Path

import cv2
import pytest
from skimage import data

SCRIPT = Path(__file__).parents[1] / "scripts" / "measure_startup.py"


@pytest.mark.slow
def test_whole_processes_start_about_as_fast_as_the_least_that_would_do(tiny_model, tmp_path):
    module_spec = importlib.util.spec_from_file_location("measure_startup", SCRIPT)
    script = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(script)
    photo = tmp_path / "cat.jpg"
    cv2.imwrite(str(photo), data.chelsea()[..., ::-1])
    times = script.startup_times(tiny_model, photo, runs=15)
    medians = {name: round(statistics.median(values), 1) for name, values in times.items()}
    assert script.ratio(times, "cnnkit predict", "ten lines") <= 1.3, medians
    assert script.ratio(times, "cnnkit --help", "import click") <= 1.5, medians
