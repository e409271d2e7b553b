"""Wheels of ONNX Runtime: which providers they bring, which fit this machine, and when another one pays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnnkit.system import ONNXRUNTIME

_COMPARE = "cnnkit bench --provider cpu --provider {} measures whether it pays"


@dataclass(frozen=True)
class WheelFacts:
    """A distribution of ONNX Runtime with other providers than the usual one has."""

    name: str
    providers: tuple[str, ...]  # as --provider takes them
    version: str | None  # None where it is not installed
    misfit: str | None  # why it cannot be installed here; None where it can
    commands: str  # that put it in the place of what is installed


def wheel_facts() -> tuple[WheelFacts, ...]:
    """Returns what is known of the wheels, without asking the package index."""
    from cnnkit.runtime import WHEELS, exchange, this_system

    installed, here = dict(ONNXRUNTIME.all_installed()), this_system()
    return tuple(
        WheelFacts(wheel.name, wheel.providers, installed.get(wheel.name), wheel.misfit(here), exchange(wheel.name))
        for wheel in WHEELS
    )


def describe_wheel(wheel: WheelFacts) -> str:
    """Returns a wheel in a few words: "onnxruntime-gpu fits, not installed"."""
    if wheel.version is not None:
        return f"{wheel.name} {wheel.version} installed"
    return f"{wheel.name} {'fits, not installed' if wheel.misfit is None else 'does not fit'}"


def wheel_advice(
    wheels: Sequence[WheelFacts], providers: Sequence[str], overlaid: str | None, *, nvidia_driver: bool
) -> Iterator[str]:
    """Yields what to do about providers.

    Args:
        wheels: What `wheel_facts` gives.
        providers: Those of the onnxruntime that is installed, by the names of --provider.
        overlaid: That several distributions are installed over each other; None where they are not.
        nvidia_driver: Whether there is a GPU that onnxruntime-gpu could use.
    """
    if overlaid is not None:
        wanted = next((wheel for wheel in wheels if wheel.version is not None), None)
        yield f"{overlaid}: keep one, {wanted.commands if wanted else 'pip uninstall -y all but one'}"
    for provider in providers:
        if provider != "cpu":
            compare = _COMPARE.format(provider)
            yield f"provider {provider} is there, and used with --provider {provider} alone; {compare}"
    if overlaid is None:
        yield from _worth_a_try(wheels, nvidia_driver=nvidia_driver)


def _worth_a_try(wheels: Sequence[WheelFacts], *, nvidia_driver: bool) -> Iterator[str]:
    fitting = {wheel.providers[0]: wheel for wheel in wheels if wheel.misfit is None and wheel.version is None}
    if "openvino" in fitting:
        yield (
            "provider openvino pays for INT8 files with signed activations (s8s8), as other tools write them, while "
            "u8s8 and float32 are about as fast or faster without it: in an environment of its own, "
            f"{fitting['openvino'].commands}; then {_COMPARE.format('openvino')}"
        )
    if "cuda" in fitting and nvidia_driver:
        yield f"provider cuda: there is an NVIDIA driver, and onnxruntime has no CUDA: {fitting['cuda'].commands}"
    if "directml" in fitting:
        yield f"provider directml computes on any GPU of Windows: {fitting['directml'].commands}"
