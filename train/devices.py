"""The machine a training runs on: GPUs, mixed precision, XLA, seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnnkit.keras_runtime import silent_stderr


@dataclass(frozen=True)
class DeviceOptions:
    """How the hardware is used."""

    mixed_precision: bool = False  # float16 on a GPU (bfloat16 on a CPU), float32 weights
    jit: bool | None = None  # XLA; None decides: on a GPU and on JAX yes, on a CPU no
    deterministic: bool = False  # the same weights from the same seed, slower


@dataclass(frozen=True)
class Devices:
    """What was found and decided."""

    backend: str  # tensorflow or jax
    gpus: tuple[str, ...]
    policy: str | None  # a Keras dtype policy for the layers in between, None for float32
    jit: bool

    def describe(self) -> str:
        """Returns one line for the terminal."""
        where = ", ".join(self.gpus) if self.gpus else "CPU"
        return f"{self.backend} on {where}, {self.policy or 'float32'}{', XLA' if self.jit else ''}"


def prepare_devices(options: DeviceOptions, seed: int) -> Devices:
    """Seeds all generators, lets GPU memory grow as needed, and decides precision and compilation."""
    import keras

    keras.utils.set_random_seed(seed)
    backend = keras.backend.backend()
    gpus = _tensorflow_gpus() if backend == "tensorflow" else _jax_gpus() if backend == "jax" else ()
    if options.deterministic and backend == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    half = "mixed_float16" if gpus else "mixed_bfloat16"
    jit = options.jit if options.jit is not None else bool(gpus) or backend == "jax"
    return Devices(backend, gpus, half if options.mixed_precision else None, jit)


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
