"""The ways to quantize that are tried, and on which CPUs each of them is right."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from cnnkit.export.options import CalibrationMethod, Target

FLOAT32 = "float32"
FLOAT16 = "float16"
SAFE = "u8s8-7bit"  # right everywhere, and what all variants are variants of

_VNNI = frozenset({"avx_vnni", "avx512_vnni", "amx_int8"})
_ARM_DOT = frozenset({"dotprod", "i8mm"})


@dataclass(frozen=True)
class Scheme:
    """How activations and weights become integers.

    With 8-bit weights and unsigned activations x86 CPUs without VNNI add pairs of products in 16 bits (VPMADDUBSW) and
    saturate without a word: one wrong answer in eight on one network. Weights in 7 bits cannot, nor can weights of the
    same signedness as the activations, which are widened first.
    """

    name: str
    activations: Literal["u8", "s8", "u16"] = "u8"
    weights: Literal["u8", "s8"] = "s8"
    bits: Literal[7, 8] = 8  # of the weights
    per_channel: bool = True  # one scale an output channel, or one a tensor
    operators: Literal["qdq", "qoperator"] = "qdq"
    method: CalibrationMethod = "minmax"
    precise_x64: bool = False  # with the option session.x64quantprecision, which only cnnkit sets by itself
    corrected: bool = False  # with bias correction
    equalized: bool = False  # with cross-layer equalization

    def describe(self) -> str:
        """Returns the scheme in words, for the spec: "static QDQ, U8 activations, S8 weights per channel in 7 bits"."""
        parts = [
            f"static {'QDQ' if self.operators == 'qdq' else 'QOperator'}",
            f"{self.activations.upper()} activations",
            f"{self.weights.upper()} weights per {'channel' if self.per_channel else 'tensor'} in {self.bits} bits",
            "float head",
            *(["bias correction"] if self.corrected else []),
            *(["cross-layer equalization"] if self.equalized else []),
            *(["session.x64quantprecision"] if self.precise_x64 else []),
        ]
        return f"{', '.join(parts)}, {self.method} calibration"

    def wrong_on(self, target: Target) -> str | None:
        """Says where among a target's machines the scheme gives wrong answers or none; None where it gives right ones.

        Args:
            target: Anything but "this".
        """
        if self.activations == "u16" and target == "any":
            return "needs onnxruntime 1.18 or later"
        saturates = (self.activations, self.weights, self.bits) == ("u8", "s8", 8)
        if target in ("vnni", "arm64") or not saturates:
            return None
        if self.precise_x64:
            return None if target == "avx2" else "saturates on x86 without VNNI in programs that do not set the option"
        return "saturates on x86 without VNNI"


FINETUNED = "-finetuned"  # at the end of a candidate's name
# Which of two schemes is the better one where measuring cannot tell, the better one first.
PREFERRED = ("u8s8-7bit-corrected", "u8s8-7bit-percentile", SAFE, "u8s8-7bit-equalized", "u8s8-7bit-qoperator")

SCHEMES = (
    Scheme(SAFE, bits=7),
    Scheme("u8s8-7bit-percentile", bits=7, method="percentile"),
    Scheme("u8s8-7bit-entropy", bits=7, method="entropy"),
    Scheme("u8s8-7bit-corrected", bits=7, corrected=True),
    Scheme("u8s8-7bit-equalized", bits=7, corrected=True, equalized=True),
    Scheme("u8s8-7bit-tensor", bits=7, per_channel=False),
    Scheme("u8s8-7bit-qoperator", bits=7, operators="qoperator"),
    Scheme("u8s8"),
    Scheme("u8s8-precise", precise_x64=True),
    Scheme("u8u8", weights="u8"),
    Scheme("s8s8", activations="s8"),
    Scheme("s8s8-qoperator", activations="s8", operators="qoperator"),
    Scheme("u16s8", activations="u16"),
)


def resolve_target(target: Target, instruction_sets: Collection[str], architecture: str) -> Target:
    """Returns the target that "this" stands for on a machine; others stand for themselves.

    Args:
        target: As asked for.
        instruction_sets: As `cnnkit.machine.machine.instruction_sets` names them; empty where unknown.
        architecture: As `platform.machine` names it.
    """
    if target != "this":
        return target
    if architecture in ("aarch64", "arm64"):
        return "arm64"
    if not instruction_sets:
        return "any"
    return "vnni" if _VNNI & set(instruction_sets) else "avx2"


def unlike_this_machine(target: Target, instruction_sets: Collection[str], architecture: str) -> bool:
    """Whether a target's CPUs compute integers otherwise than this machine's, so that times here say little of them."""
    return target != "any" and target != resolve_target("this", instruction_sets, architecture)
