"""What follows from what the doctor found."""

from __future__ import annotations

from collections.abc import Iterator

from cnnkit.doctor.examining import Examination
from cnnkit.doctor.wheels import wheel_advice
from cnnkit.machine import BFLOAT16_PRODUCTS, EMULATED, Gpu, Machine, TensorFlowFacts, family_of

_TENSOR_CORES = (7, 0)  # the first compute capability with fast 16-bit products
_MEASURE = "cnnkit bench --model a.onnx --model b.onnx measures what pays"


def advise(found: Examination) -> tuple[str, ...]:
    """Returns what to know and do, one sentence each."""
    return tuple(
        [
            *([f"{EMULATED}; measure on one"] if found.machine.emulated else []),
            int8_advice(found.machine),
            *_provider_advice(found),
            *_training_advice(found),
            *_missing_extras(found),
            *_trouble(found),
        ]
    )


def int8_advice(machine: Machine) -> str:
    """Returns what 8-bit models gain on this CPU."""
    if machine.int8_dot_product is None:
        return f"INT8: this CPU's instruction sets are unknown; {_MEASURE}"
    arm = family_of(machine.architecture) == "arm"
    kind = "dotprod, i8mm" if arm else "VNNI"
    if machine.int8_dot_product:
        return f"INT8: this CPU has 8-bit dot products ({kind}), which quantized models use; {_MEASURE}"
    safe = "" if arm else ", and schemes for them can be silently wrong, so cnnkit quantize takes a safe one"
    return f"INT8: this CPU has no 8-bit dot products ({kind}): quantized models gain less{safe}; {_MEASURE}"


def gpu_advice(facts: TensorFlowFacts, machine: Machine, *, nvidia_driver: bool) -> Iterator[str]:
    """Yields what training gains from the GPUs that TensorFlow found, or from the CPU where it found none."""
    if facts.gpus:
        yield "GPU: cnnkit train uses it, takes its memory as needed (memory growth) and compiles with XLA"
        if any(_has_tensor_cores(gpu) for gpu in facts.gpus):
            yield "GPU: --mixed-precision pays, its tensor cores multiply 16-bit numbers"
        else:
            yield "GPU: --mixed-precision saves memory, but this GPU is not known for fast 16-bit products"
        return
    if nvidia_driver:
        yield "GPU: there is an NVIDIA driver, but TensorFlow finds no GPU: pip install 'tensorflow[and-cuda]'"
    if BFLOAT16_PRODUCTS & set(machine.instruction_sets):
        yield "training runs on the CPU, which has bfloat16 products: --mixed-precision may pay; XLA does not"
    else:
        yield "training runs on the CPU: neither --mixed-precision nor XLA pays there"


def _provider_advice(found: Examination) -> Iterator[str]:
    from cnnkit.runtime import short_names

    facts = found.onnxruntime
    names = short_names(facts.providers)
    return wheel_advice(facts.wheels, names, facts.overlaid, nvidia_driver=found.nvidia_driver)


def _has_tensor_cores(gpu: Gpu) -> bool:
    return gpu.compute_capability is not None and gpu.compute_capability >= _TENSOR_CORES


def _training_advice(found: Examination) -> Iterator[str]:
    if found.tensorflow is None:
        return
    if found.tensorflow.error is not None:
        yield f"TensorFlow is installed but cannot be used ({found.tensorflow.error}): install it again"
    else:
        yield from gpu_advice(found.tensorflow, found.machine, nvidia_driver=found.nvidia_driver)


def _missing_extras(found: Examination) -> Iterator[str]:
    for extra, distributions in found.extras.items():
        missing = [name for name, version in distributions.items() if version is None]
        if missing and extra:
            yield f"extra {extra} is not complete ({', '.join(missing)} missing): pip install 'cnnkit[{extra}]'"


def _trouble(found: Examination) -> Iterator[str]:
    broken = dict.fromkeys(filter(None, (found.onnxruntime.error, found.opencv.error)))  # NumPy breaks both
    yield from broken
    if found.opencv.window is not None:
        yield f"webcam: {found.opencv.window}"
    bundled = found.bundled_model
    if bundled.error in broken:
        yield "the bundled model cannot be checked for the same reason"
    elif bundled.error is not None:
        yield f"the bundled model cannot be checked: {bundled.error}"
    elif not bundled.passed:
        yield "the bundled model answers differently here than its original did: cnnkit verify says by how much"
