"""Trainings as processes of their own: killed at any moment, on several devices, on another backend."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

TRAIN = [sys.executable, "-m", "cnnkit", "train", "digits", "--arch", "conv2", "--size", "16", "--max-images", "400"]
KILLED = [*TRAIN, "--epochs", "4", "--flip", "--rotate", "10", "--mixup", "0.2", "--ema", "0.9", "--deterministic"]
TWO_DEVICES = """
import sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from cnnkit.cli import main
main(sys.argv[1:])
"""


AS_ON_A_GPU = """
import sys
from cnnkit.train import devices
devices._jax_gpus = lambda: ("a GPU",)
devices._jax_memory = lambda: 2**28
from cnnkit.cli import main
main(sys.argv[1:], standalone_mode=False)
"""


def weights(run: Path) -> list[np.ndarray]:
    import keras

    return keras.saving.load_model(run / "model.keras").get_weights()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_training_resumed_ends_with_the_weights_of_a_whole_one(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    subprocess.run([*KILLED, "--out", whole], check=True, capture_output=True)
    process = subprocess.Popen([*KILLED, "--out", parts], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (parts / "checkpoint.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)  # somewhere in the second epoch or at its end
    assert process.wait() == -signal.SIGKILL
    assert not (parts / "metrics.json").exists()
    resumed = subprocess.run([*KILLED, "--out", parts, "--resume"], check=True, capture_output=True, text=True)
    assert "going on after epoch" in resumed.stderr
    for one, other in zip(weights(whole), weights(parts), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_batches_are_shared_by_two_devices(tmp_path: Path) -> None:
    arguments = [
        "train",
        "digits",
        "--size",
        "16",
        "--epochs",
        "2",
        "--batch-size",
        "50",
        "--out",
        str(tmp_path / "run"),
    ]
    done = subprocess.run([sys.executable, "-c", TWO_DEVICES, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "batches shared among 2 devices" in done.stderr
    assert "epoch 2 of 2 kept" in done.stdout


def test_a_batch_that_two_devices_cannot_share(tmp_path: Path) -> None:
    arguments = [
        "train",
        "digits",
        "--size",
        "16",
        "--epochs",
        "1",
        "--batch-size",
        "51",
        "--out",
        str(tmp_path / "run"),
    ]
    done = subprocess.run([sys.executable, "-c", TWO_DEVICES, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.endswith("error: batch_size is 51, expected a multiple of the 2 devices sharing it\n")


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
@pytest.mark.parametrize("devices", [1, 2])
def test_jax_trains_without_tensorflow(tmp_path: Path, devices: int) -> None:
    code = "import sys; from cnnkit.cli import main; main(sys.argv[1:], standalone_mode=False)"
    check = "; assert 'tensorflow' not in sys.modules"
    flags = f"--xla_force_host_platform_device_count={devices}"
    arguments = [*TRAIN[3:], "--epochs", "2", "--ema", "0.9", "--mixup", "0.2", "--out", str(tmp_path / "run")]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": flags}
    done = subprocess.run(
        [sys.executable, "-c", code + check, *arguments], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "jax on CPU" in done.stderr


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_images_on_the_device_and_steps_in_groups_change_no_weight(tmp_path: Path) -> None:
    options = ["--epochs", "2", "--batch-size", "8", "--max-images", "140", "--flip", "--translate", "0.1"]
    options += ["--ema", "0.9"]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    for name, start in (("plain", TRAIN[:3]), ("grouped", [sys.executable, "-c", AS_ON_A_GPU])):
        command = [*start, *TRAIN[3:], *options, "--out", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
    histories = [(tmp_path / name / "history.csv").read_text() for name in ("plain", "grouped")]
    plain, grouped = ([line.split(",")[:-1] for line in text.splitlines()[1:]] for text in histories)
    np.testing.assert_allclose(np.array(grouped, float), np.array(plain, float), rtol=1e-4)
    for one, other in zip(weights(tmp_path / "plain"), weights(tmp_path / "grouped"), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_narrow_networks_survive_an_odd_number_of_images(tmp_path: Path) -> None:
    # A plain `fit` on 257 images crashes TensorFlow 2.21 on CPUs with AVX-512, with a network as narrow as this.
    call = [*TRAIN[:-2], "--max-images", "257", "--arch", "resnet8:width=8", "--epochs", "2", "--out", tmp_path / "run"]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
