"""The ways to quantize that are tried, and the CPUs to be right on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from cnnkit.export.options import CalibrationMethod, Target

FLOAT32 = "float32"
FLOAT16 = "float16"
SAFE = "u8s8-pairs"  # right everywhere, and preferred where measuring cannot tell

_VNNI = frozenset({"avx_vnni", "avx512_vnni", "amx_int8"})
_ARM_DOT = frozenset({"dotprod", "i8mm"})


@dataclass(frozen=True)
class Scheme:
    """How activations and weights become integers.

    With 8-bit weights and unsigned activations x86 CPUs without VNNI add pairs of products in 16 bits (VPMADDUBSW) and
    saturate without a word: one wrong answer in eight on one network. Weights in 7 bits cannot, nor can those of which
    no pair is too large (`pair_safe`). Whether a file can is read off its weights, see `saturation`.
    """

    name: str
    activations: Literal["u8", "s8", "u16"] = "u8"
    weights: Literal["u8", "s8"] = "s8"
    bits: Literal[7, 8] = 8  # of the weights
    pairs: bool = False  # weights rounded so that no two that meet can saturate
    per_channel: bool = True  # one scale an output channel, or one a tensor
    operators: Literal["qdq", "qoperator"] = "qdq"
    method: CalibrationMethod = "minmax"
    precise_x64: bool = False  # with the option session.x64quantprecision, which only cnnkit sets by itself
    corrected: bool = False  # with bias correction
    equalized: bool = False  # with cross-layer equalization
    on_request: bool = False  # made only where it is asked for by its name

    def describe(self) -> str:
        """Returns the scheme in words, for the spec: "static QDQ, U8 activations, S8 weights per channel in 7 bits"."""
        parts = [
            f"static {'QDQ' if self.operators == 'qdq' else 'QOperator'}",
            f"{self.activations.upper()} activations",
            f"{self.weights.upper()} weights per {'channel' if self.per_channel else 'tensor'} in {self.bits} bits",
            *(["pairs that cannot saturate"] if self.pairs else []),
            "float result",
            *(["bias correction"] if self.corrected else []),
            *(["cross-layer equalization"] if self.equalized else []),
            *(["session.x64quantprecision"] if self.precise_x64 else []),
        ]
        return f"{', '.join(parts)}, {self.method} calibration"


FINETUNED = "-finetuned"  # at the end of a candidate's name
# Which of two schemes is the better one where measuring cannot tell, the better one first.
PREFERRED = (SAFE, "u8s8-pairs-percentile", "u8s8-pairs-equalized", "u8s8-7bit-corrected", "u8s8-7bit")

SCHEMES = (
    Scheme(SAFE, pairs=True, corrected=True),
    Scheme("u8s8-pairs-percentile", pairs=True, corrected=True, method="percentile"),
    Scheme("u8s8-pairs-equalized", pairs=True, corrected=True, equalized=True, method="percentile"),
    Scheme("u8s8-pairs-plain", pairs=True),
    Scheme("u8s8-7bit", bits=7),
    Scheme("u8s8-7bit-percentile", bits=7, method="percentile", on_request=True),
    Scheme("u8s8-7bit-entropy", bits=7, method="entropy", on_request=True),
    Scheme("u8s8-7bit-corrected", bits=7, corrected=True),
    Scheme("u8s8-7bit-equalized", bits=7, corrected=True, equalized=True, on_request=True),
    Scheme("u8s8-7bit-tensor", bits=7, per_channel=False, on_request=True),
    Scheme("u8s8-7bit-qoperator", bits=7, operators="qoperator"),
    Scheme("u8s8"),
    Scheme("u8s8-precise", precise_x64=True),
    Scheme("u8u8", weights="u8"),
    Scheme("s8s8", activations="s8"),
    Scheme("s8s8-qoperator", activations="s8", operators="qoperator"),
    Scheme("u16s8", activations="u16", pairs=True),
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
