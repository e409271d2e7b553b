from __future__ import annotations

from time import perf_counter_ns

import pytest

from cnnkit.bench.measuring.runner import random_images
from cnnkit.bench.measuring.sweep import SweepPoint, advice, batch_sizes, sweep_model, thread_counts
from cnnkit.runtime.onnx import OnnxClassifier


def points(times: dict[tuple[int, int], float], noise: float = 0.01) -> list[SweepPoint]:
    """Makes a sweep of (threads, batch) -> milliseconds."""
    return [
        SweepPoint(threads, batch, ms, ms * (1 - noise), ms * (1 + noise), 50) for (threads, batch), ms in times.items()
    ]


@pytest.mark.parametrize(
    ("times", "single", "many"),
    [
        pytest.param(
            {(1, 1): 2.0, (2, 1): 1.0, (1, 8): 16.0, (2, 8): 8.0},
            "one image at a time: --threads 2, 1 ms",
            "many images: --threads 2 --batch-size 1, 1,000 images/s, 1.00 times",
            id="threads help and batches do not",
        ),
        pytest.param(
            {(1, 1): 1.0, (2, 1): 1.005, (1, 8): 4.0, (2, 8): 4.1},
            "one image at a time: --threads 1, 1 ms",
            "many images: --threads 1 --batch-size 8, 2,000 images/s, 2.00 times",
            id="batches help and threads do not",
        ),
        pytest.param(
            {(1, 1): 1.0, (4, 1): 2.0, (1, 4): 2.0, (4, 4): 1.0, (1, 64): 32.0, (4, 64): 15.5},
            "one image at a time: --threads 1, 1 ms (4 threads take 2)",
            "many images: --threads 4 --batch-size 4, 4,000 images/s, 4.00 times",
            id="threads harm single images, and a larger batch adds less than 5 %",
        ),
    ],
)
def test_advice(times, single, many):
    found = advice("net", points(times))
    assert found[0] == f"net, {single}"
    assert found[1].startswith(f"net, {many}")


def test_a_restless_sweep_is_said():
    times = {(1, 1): 2.0, (2, 1): 1.0, (1, 8): 16.0, (2, 8): 8.0}
    assert "repeat it on a quiet machine" in advice("net", points(times, noise=0.2))[-1]
    assert len(advice("net", points(times))) == 2


def test_what_is_tried():
    assert batch_sizes(64) == [1, 2, 4, 8, 16, 32, 64]
    assert batch_sizes(24) == [1, 2, 4, 8, 16, 24]
    assert thread_counts()[0] == 1 and thread_counts() == sorted(set(thread_counts()))


def test_a_model_is_measured_with_every_pair(tiny_model):
    spec = OnnxClassifier(tiny_model).spec
    found = sweep_model(tiny_model, "cpu", random_images(spec, 3, 0), [1, 2], [1, 3], perf_counter_ns)
    assert [(point["threads"], point["batch_size"]) for point in found] == [(1, 1), (1, 3), (2, 1), (2, 3)]
    assert all(0 < point["low_ms"] <= point["batch_ms"] <= point["high_ms"] for point in found)
    assert all(point["n"] >= 10 for point in found)
