"""A SavedModel in a process of its own: what does not end, takes all memory or crashes there is one line here."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from hostile_models import SIZE, answer, save

from cnnkit.errors import ModelError
from cnnkit.runtime import guest
from cnnkit.runtime.keras import import_keras, load_keras_model


@pytest.fixture(scope="module", autouse=True)
def _keras():
    import_keras("a test")


def endless_where_bright(image):
    import tensorflow as tf

    def wait():
        (number,) = tf.while_loop(lambda number: number > -1.0, lambda number: (number * 0.5 + 0.5,), [1.0])
        return answer(image) + number

    return tf.cond(tf.reduce_sum(image) > 0, wait, lambda: answer(image))


def all_memory(image):
    import tensorflow as tf

    return answer(image) + tf.reduce_sum(tf.fill([1_000_000, 1_000_000], image[0, 0, 0, 0]))


def test_a_loop_without_an_end_is_stopped_at_the_limit_also_where_few_images_lead_there(tmp_path, monkeypatch):
    monkeypatch.setattr(guest, "TIME_LIMIT_S", 4.0)
    model = load_keras_model(save(tmp_path / "model", endless_where_bright))
    np.testing.assert_allclose(model(np.zeros((2, SIZE, SIZE, 3), np.float32)), np.full((2, 3), 1 / 3), rtol=1e-6)
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"model does not answer within 4 s and was stopped: a loop in it may have no"):
        model(np.ones((2, SIZE, SIZE, 3), np.float32))
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_more_memory_than_there_is_is_not_taken(tmp_path):
    with pytest.raises(
        ModelError, match=r"model: TensorFlow cannot answer it: node Fill: OOM when allocating tensor"
    ) as refused:
        load_keras_model(save(tmp_path / "model", all_memory))
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import os, sys; sys.stderr.write('a\\nCheck failed: 1 == 2'); sys.stderr.flush(); os.abort()",
         r"m brings the process down that tries it \(exit code -6\): Check failed: 1 == 2"),
        ("print('{\"error\": \"no such function\"}')", "m: TensorFlow cannot load it: no such function"),
        ("print('{\"bytes\": 9}'); print('short')", r"m brings the process down that tries it \(exit code 0\)"),
    ],
    ids=["a crash", "an error", "half an answer"],
)  # fmt: skip
def test_what_ends_the_process_is_said(tmp_path, monkeypatch, script, message):
    monkeypatch.setattr(guest, "_COMMAND", (sys.executable, "-c", f"input(); {script}"))
    with pytest.raises(ModelError, match=message):
        guest.Guest("m").load(tmp_path, "serve")


def test_the_process_ends_with_its_owner(tmp_path, monkeypatch):
    monkeypatch.setattr(guest, "_COMMAND", (sys.executable, "-c", "input(); print('{\"bytes\": 0}'); input()"))
    one = guest.Guest("m")
    one.load(tmp_path, "serve")
    process = one._process
    assert process.poll() is None
    del one
    assert process.poll() is not None
