from __future__ import annotations

import io
import json
from dataclasses import asdict, replace

import numpy as np
import onnxruntime
import pytest
from tiny_keras import KERAS_SPEC, save_tiny_keras
from tiny_models import TINY_SPEC, solid

from cnnkit.bench.measuring.runner import LocalRunner, random_images
from cnnkit.bench.measuring.worker import serve
from cnnkit.errors import ModelError
from cnnkit.spec import Quantization, write_spec


class CountingClock:
    """Goes on by one millisecond each time it is read."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        self.now_ns += 1_000_000
        return self.now_ns


@pytest.fixture
def images_file(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.stack([solid(color) for color in ("red", "green", "blue", "green", "red")]))
    return path


def exchange(*requests: dict) -> list[dict]:
    """Sends requests to a worker in this process and returns its replies."""
    replies = io.StringIO()
    serve([json.dumps(request) for request in requests], replies, CountingClock())
    return [json.loads(line) for line in replies.getvalue().splitlines()]


def test_onnx_model(loading, images_file):
    runner = LocalRunner(loading, CountingClock())
    loaded = runner.loaded()
    assert (loaded.precision, loaded.threads) == ("float32", 1)
    assert loaded.runtime == f"onnxruntime {onnxruntime.__version__} (cpu)"
    assert runner.time(4, runs=3, warmup=2) == [1.0, 1.0, 1.0]
    assert [ranked[0] for ranked in runner.classify(images_file, batch_size=2)] == [0, 1, 2, 1, 0]
    assert runner.peak_memory_bytes() > 1_000_000


def test_quantized_model_is_called_int8(loading, make_model):
    quantized = replace(TINY_SPEC, quantization=Quantization("QDQ", 8, "0" * 64, "a CPU"))
    path = make_model("tiny.int8.onnx", spec=quantized)
    assert LocalRunner(replace(loading, path=str(path)), CountingClock()).loaded().precision == "int8"


@pytest.mark.parametrize("kind", ["original-predict", "original-batch", "original-function", "original-xla"])
def test_original(tmp_path, loading, images_file, kind):
    path = save_tiny_keras(tmp_path / "tiny.keras")
    runner = LocalRunner(
        replace(loading, kind=kind, path=str(path), spec=write_spec(KERAS_SPEC), runtime="keras", threads=None),
        clock=CountingClock(),
    )
    loaded = runner.loaded()
    assert (loaded.precision, loaded.threads) == ("float32", None)
    assert loaded.runtime.startswith("keras 3.") and loaded.runtime.endswith(" (tensorflow)")
    assert runner.time(2, runs=2, warmup=1) == [1.0, 1.0]
    assert [ranked[0] for ranked in runner.classify(images_file, batch_size=4)] == [0, 1, 2, 1, 0]


def test_original_with_other_classes(tmp_path, loading):
    path = save_tiny_keras(tmp_path / "tiny.keras")
    spec = replace(KERAS_SPEC, labels=("red", "green", "blue", "white"))
    with pytest.raises(ModelError, match=r"gives output \(3,\) for an image, expected 4 classes by the spec"):
        LocalRunner(
            replace(
                loading, kind="original-function", path=str(path), spec=write_spec(spec), runtime="keras", threads=None
            ),
            CountingClock(),
        )


def test_random_images_come_from_the_seed():
    one, same, other = (random_images(TINY_SPEC, 3, seed) for seed in (0, 0, 1))
    assert (one.shape, one.dtype) == ((3, 8, 8, 3), np.uint8)
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_protocol(loading, images_file):
    replies = exchange(
        asdict(loading),
        {"call": "time", "batch_size": 1, "runs": 2, "warmup": 0},
        {"call": "classify", "images": str(images_file), "batch_size": 8},
        {"call": "peak_memory_bytes"},
    )
    assert replies[0]["result"]["precision"] == "float32"
    assert replies[1] == {"result": [1.0, 1.0]}
    assert [ranked[0] for ranked in replies[2]["result"]] == [0, 1, 2, 1, 0]
    assert {tuple(sorted(ranked)) for ranked in replies[2]["result"]} == {(0, 1, 2)}
    assert replies[3]["result"] > 0


def test_an_error_is_a_reply(loading, tmp_path):
    (reply,) = exchange(asdict(replace(loading, path=str(tmp_path / "none.onnx"))))
    assert reply["type"] == ModelError.__name__
    assert "none.onnx" in reply["error"]


def test_an_unknown_call_ends_the_worker(loading):
    with pytest.raises(ValueError, match="unknown call 'dance'"):
        exchange(asdict(loading), {"call": "dance"})


def test_stages_of_a_photo_are_timed_one_after_another(loading, make_image):
    photo = make_image("photo.png", "red")
    times = LocalRunner(loading, CountingClock()).stages(photo, runs=3, warmup=2)
    assert times == {name: [1.0] * 3 for name in ("decode", "resize", "inference", "answer")} | {
        "end to end": [4.0] * 3
    }


def test_the_original_has_no_stages(tmp_path, loading):
    path = save_tiny_keras(tmp_path / "tiny.keras")
    original = replace(
        loading, kind="original-function", path=str(path), spec=write_spec(KERAS_SPEC), runtime="keras", threads=None
    )
    assert LocalRunner(original, CountingClock()).stages(path, runs=3, warmup=0) is None


def test_a_photo_that_cannot_be_read_is_one_line(loading, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    for name, reason in (("gone.jpg", "no such file"), ("broken.jpg", "not an image")):
        with pytest.raises(ModelError, match=f"the photo to time with, .*{name}: {reason}"):
            LocalRunner(loading, CountingClock()).stages(tmp_path / name, runs=1, warmup=0)


def test_a_worker_times_stages(loading, make_image):
    photo = str(make_image("photo.png", "red"))
    replies = exchange(asdict(loading), {"call": "stages", "photo": photo, "runs": 2, "warmup": 0})
    assert replies[1]["result"]["end to end"] == [4.0, 4.0]


def test_a_model_of_a_fixed_batch_runs_in_parts(loading, make_model, images_file):
    runner = LocalRunner(replace(loading, path=str(make_model("fixed.onnx", batch=1))), CountingClock())
    assert runner.time(4, runs=2, warmup=1) == [1.0, 1.0]
    assert [ranked[0] for ranked in runner.classify(images_file, batch_size=3)] == [0, 1, 2, 1, 0]
