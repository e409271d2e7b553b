"""The machine a training runs on: GPUs, mixed precision, XLA, seeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from cnnkit.runtime import silent_stderr

_AMPERE = 8  # the first compute capability with bfloat16


@dataclass(frozen=True)
class DeviceOptions:
    """How the hardware is used."""

    mixed_precision: bool = False  # bfloat16 (float16 on a GPU older than Ampere), float32 weights
    jit: bool | None = None  # XLA; None decides: on a GPU and on JAX yes, on a CPU no
    deterministic: bool = False  # the same weights from the same seed, slower


@dataclass(frozen=True)
class Devices:
    """What was found and decided."""

    backend: str  # tensorflow or jax
    gpus: tuple[str, ...]
    policy: str | None  # a Keras dtype policy for the layers in between, None for float32
    jit: bool
    copies: int = 1  # devices that each take a share of every batch
    image_bytes: int = 0  # images of a split that take no more are kept on the device, where batches need no copying
    scope: Callable[[], AbstractContextManager[Any]] = nullcontext  # networks and optimizers are made inside

    def used_images(self, count: int) -> int:
        """Returns how many of so many training images an epoch uses: of some, a few are left out, others each epoch.

        Devices share every batch evenly. And TensorFlow (2.21, with oneDNN on an AVX-512 CPU) writes past its memory in
        the gradient of strided convolutions of few channels for an odd number of images: the last batch is kept even.
        """
        multiple = math.lcm(self.copies, 2) if self.backend == "tensorflow" and not self.gpus else self.copies
        return count - count % multiple or count

    def describe(self) -> str:
        """Returns one line for the terminal."""
        where = ", ".join(self.gpus) if self.gpus else "CPU"
        shared = f", batches shared among {self.copies} devices" if self.copies > 1 else ""
        return f"{self.backend} on {where}, {self.policy or 'float32'}{', XLA' if self.jit else ''}{shared}"


def prepare_devices(options: DeviceOptions, seed: int) -> Devices:
    """Seeds all generators, lets GPU memory grow as needed, and decides precision, compilation and distribution.

    Where several devices are visible, each takes a share of every batch: with TensorFlow's MirroredStrategy, or with
    keras.distribution.DataParallel on JAX.
    """
    import keras

    keras.utils.set_random_seed(seed)
    backend = keras.backend.backend()
    gpus = _tensorflow_gpus() if backend == "tensorflow" else _jax_gpus() if backend == "jax" else ()
    if options.deterministic and backend == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    policy = f"mixed_{_half_type(backend)}" if options.mixed_precision else None
    jit = options.jit if options.jit is not None else bool(gpus) or backend == "jax"
    copies, scope = _share_batches(backend)
    image_bytes = _jax_memory() // 4 if backend == "jax" and gpus and copies == 1 else 0
    return Devices(backend, gpus, policy, jit, copies, image_bytes, scope)


def _share_batches(backend: str) -> tuple[int, Callable[[], AbstractContextManager[Any]]]:
    """Returns how many devices there are, and the scope in which what they share is made."""
    if backend == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) > 1:
            return len(devices), tf.distribute.MirroredStrategy([device.name for device in devices]).scope
    if backend == "jax":
        import jax
        import keras

        if len(jax.devices()) > 1:
            keras.distribution.set_distribution(keras.distribution.DataParallel())
            return len(jax.devices()), nullcontext
    return 1, nullcontext


def _tensorflow_gpus() -> tuple[str, ...]:
    import tensorflow as tf

    with silent_stderr():  # without a GPU CUDA's libraries report an error
        found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        tf.config.experimental.set_memory_growth(gpu, True)
    return tuple(_name(tf, gpu) for gpu in found)


def _name(tf: Any, gpu: Any) -> str:
    return str(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name))


def _jax_gpus() -> tuple[str, ...]:
    import jax

    return tuple(str(device.device_kind) for device in jax.devices() if device.platform == "gpu")


def _jax_memory() -> int:
    """Returns how many bytes JAX may take of its first device's memory, 0 where it does not say."""
    import jax

    return int((jax.devices()[0].memory_stats() or {}).get("bytes_limit", 0))


def _half_type(backend: str) -> str:
    """Returns the 16-bit type to multiply in: bfloat16, whose range is that of float32, where the device has it."""
    capability: Any = None
    if backend == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            capability = tf.config.experimental.get_device_details(gpu).get("compute_capability")
    elif backend == "jax":
        import jax

        capability = getattr(jax.devices()[0], "compute_capability", None)
    return half_type_of(capability)


def half_type_of(capability: Any) -> str:
    """Returns the 16-bit type for a CUDA compute capability, "7.5" or (7, 5); that of others is bfloat16."""
    major = str(capability[0] if isinstance(capability, tuple) else capability).partition(".")[0]
    return "float16" if major.isdecimal() and int(major) < _AMPERE else "bfloat16"
