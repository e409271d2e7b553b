from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnkit.export import QuantizeOptions
from cnnkit.export.quantization import quantizing
from cnnkit.export.quantization.candidates import Candidate
from cnnkit.export.quantization.choosing import Limits, can_tell, choose, near_miss
from cnnkit.export.quantization.effects import Effect
from cnnkit.export.quantization.measuring import Measured
from cnnkit.export.quantization.schemes import SCHEMES, Scheme, resolve_target, unlike_this_machine
from cnnkit.measuring.statistics import paired_drop_interval

LIMITS = Limits(0.005, 0.96)
BY_NAME = {scheme.name: scheme for scheme in SCHEMES}


def measured(
    name: str, latency: float, agreement: float | None = None, lost: int = 0, images: int = 10_000, refused=None
) -> Measured:
    """A candidate that is right on `lost` images fewer than float32, of which 90 % are right."""
    effect = None
    if agreement is not None:
        before = np.arange(images) % 10 > 0
        after = before & (np.cumsum(before) > lost)
        effect = Effect(images, agreement, 0.9, float(after.mean()), paired_drop_interval(before, after))
    candidate = Candidate(name, "float32" if name == "float32" else "int8", name, Path(name), None, refused)
    return Measured(candidate, 1000, latency, latency / 10, 1.0, 64, 100, effect)


FLOAT = measured("float32", 10.0)


@pytest.mark.parametrize(
    ("others", "chosen", "reason"),
    [
        pytest.param([measured("a", 5, 0.99), measured("b", 4, 0.98)], "b", "b takes 0.40 x the time", id="fastest"),
        pytest.param([measured("a", 4.1, 0.99), measured("b", 4, 0.98)], "a", "a takes 0.41 x", id="more alike"),
        pytest.param([measured("a", 5, 0.99), measured("b", 4, 0.95)], "a", "a takes 0.50 x", id="agreement"),
        pytest.param([measured("a", 5, 0.99), measured("b", 4, 0.99, lost=60)], "a", "a takes", id="drop"),
        pytest.param([measured("a", 5, 0.99), measured("b", 4, 0.99, lost=40)], "a", "a takes", id="drop's interval"),
        pytest.param([measured("a", 5, 0.99), measured("b", 4, 0.99, refused="bad")], "a", "a takes", id="refused"),
        pytest.param(
            [measured("a", 13.0, 0.99)], "float32",
            "float32 is fastest on this CPU: the quickest of the others takes 1.30 x its time", id="slow",
        ),
        pytest.param([measured("a", 9.8, 0.99)], "float32", "float32 is fastest on this CPU", id="no faster"),
        pytest.param(
            [measured("a", 5, 0.9)], "float32",
            "float32 is kept: nothing that is faster is within the limits", id="none within",
        ),
        pytest.param(
            [measured("a", 5, 0.9), measured("b", 12, 0.99)], "float32",
            "float32 is kept: what is within the limits takes 1.20 x its time or more", id="only slow ones within",
        ),
    ],
)  # fmt: skip
def test_choice(others, chosen, reason):
    decision = choose([FLOAT, *others], LIMITS)
    assert decision.chosen.candidate.name == chosen
    assert decision.reason.startswith(reason)
    assert set(decision.against) == {"float32", "a", "b"} & {one.candidate.name for one in (FLOAT, *others)} - {chosen}


def test_every_other_candidate_is_told_why_not():
    others = [
        measured("a", 4.0, 0.98), measured("b", 4.1, 0.97), measured("c", 8.0, 0.99), measured("d", 4.0, 0.95),
        measured("e", 4.0, 0.99, lost=60), measured("f", 4.0, 0.99, refused="saturates on x86 without VNNI"),
    ]  # fmt: skip
    decision = choose([FLOAT, *others], LIMITS)
    assert decision.chosen is others[0]
    assert decision.against == {
        "float32": "takes 2.50 x the time of a",
        "b": "as fast, and no closer to float32",
        "c": "takes 2.00 x the time of a",
        "d": "same label on 95.00% only, expected 96%",
        "e": "may lose 0.75 points of accuracy, 0.5 are allowed",
        "f": "saturates on x86 without VNNI",
    }


@pytest.mark.parametrize(
    ("names", "images", "chosen"),
    [
        pytest.param({"u8s8-7bit-tensor": 0.985, "u8s8-7bit": 0.982}, 600, "u8s8-7bit", id="luck"),
        pytest.param({"u8s8-7bit-tensor": 0.985, "u8s8-7bit": 0.982}, 10_000, "u8s8-7bit-tensor", id="more than luck"),
        pytest.param({"u8s8-pairs-percentile": 0.98, "u8s8-pairs": 0.98}, 600, "u8s8-pairs", id="tie"),
        pytest.param({"u8s8-7bit": 0.983, "u8s8-7bit-finetuned": 0.98}, 600, "u8s8-7bit-finetuned", id="fine-tuned"),
        pytest.param({"a": 0.983, "b": 0.98}, 600, "a", id="unknown names"),
    ],
)
def test_the_luckiest_of_many_is_not_taken(names, images, chosen):
    others = [measured(name, 4.0, agreement, images=images) for name, agreement in names.items()]
    assert choose([FLOAT, *others], LIMITS).chosen.candidate.name == chosen


def test_the_drop_that_was_seen_is_judged_where_images_are_too_few_for_its_interval():
    assert (can_tell(553, 0.005), can_tell(552, 0.005)) == (True, False)
    few = measured("a", 5, 0.99, images=300)
    assert few.effect.drop[2] > LIMITS.max_drop
    assert choose([FLOAT, few], LIMITS).chosen is few
    lossy = measured("a", 5, 0.99, lost=2, images=300)
    decision = choose([FLOAT, lossy], LIMITS)
    assert decision.chosen is FLOAT
    assert decision.against["a"] == "loses 0.67 points of accuracy, 0.5 are allowed"


def test_agreement_alone_is_judged_where_labels_are_not_known():
    nameless = replace(measured("a", 5, 0.97), effect=Effect(100, 0.97))
    assert choose([FLOAT, nameless], LIMITS).chosen is nameless


@pytest.mark.parametrize(
    ("sets", "architecture", "target"),
    [
        (("avx2", "avx512_vnni"), "x86_64", "vnni"),
        (("avx2", "avx_vnni"), "x86_64", "vnni"),
        (("avx2",), "x86_64", "avx2"),
        ((), "x86_64", "any"),
        (("neon", "dotprod"), "aarch64", "arm64"),
        ((), "arm64", "arm64"),
    ],
)
def test_this_machine(sets, architecture, target):
    assert resolve_target("this", sets, architecture) == target
    assert resolve_target("avx2", sets, architecture) == "avx2"
    assert not unlike_this_machine(target, sets, architecture)
    assert not unlike_this_machine("any", sets, architecture)
    assert unlike_this_machine("avx2", ("avx_vnni",), "x86_64")


def test_a_scheme_in_words():
    assert Scheme("x", bits=7, corrected=True, method="entropy").describe() == (
        "static QDQ, U8 activations, S8 weights per channel in 7 bits, float result, bias correction, "
        "entropy calibration"
    )
    assert Scheme("x", pairs=True).describe() == (
        "static QDQ, U8 activations, S8 weights per channel in 8 bits, pairs that cannot saturate, float result, "
        "minmax calibration"
    )
    assert BY_NAME["s8s8-qoperator"].describe() == (
        "static QOperator, S8 activations, S8 weights per channel in 8 bits, float result, minmax calibration"
    )


@pytest.mark.parametrize(
    ("others", "found"),
    [
        pytest.param([("a", 5, 0.95), ("b", 4, 0.93)], "a", id="the closest"),
        pytest.param([("a", 5, 0.90)], None, id="too far"),
        pytest.param([("a", 9.9, 0.95)], None, id="no faster"),
        pytest.param([("a", 5, 0.99)], None, id="it is chosen"),
        pytest.param([("a", 5, 0.964)], "a", id="it is chosen by little"),
        pytest.param([("a", 5, 0.965)], None, id="it is chosen by enough"),
    ],
)
def test_a_narrow_miss_is_found(others, found):
    scheme = BY_NAME["u8s8-pairs"]
    rows = [measured(*other) for other in others]
    rows = [FLOAT, *(replace(row, candidate=replace(row.candidate, scheme=scheme)) for row in rows)]
    missed = near_miss(rows, choose(rows, LIMITS).chosen, LIMITS)
    assert (missed and missed.candidate.name) == found


@pytest.mark.parametrize(
    ("name", "finetune", "said"),
    [
        pytest.param("a", None, "learning may bring it nearer", id="it has not learnt"),
        pytest.param("a-finetuned", None, "learning longer may bring it nearer", id="it has, in the time there was"),
        pytest.param("a-finetuned", Path("photos"), None, id="it was told to"),
    ],
)
def test_what_misses_narrowly_has_its_command_named(name, finetune, said, caplog):
    narrow = measured(name, 4, 0.9583)
    rows = (FLOAT, replace(narrow, candidate=replace(narrow.candidate, scheme=BY_NAME["u8s8-pairs"])))
    options = QuantizeOptions(Path("m.onnx"), Path("my photos"), finetune=finetune)
    with caplog.at_level("INFO", "cnnkit"):
        quantizing._suggest(options, rows, choose(rows, LIMITS))
    told = f"{name} gives the label of float32 on 95.83% and takes 0.40 x its time; {said}: "
    expected = [f"{told}cnnkit quantize m.onnx --calibration 'my photos' --finetune 'my photos'"] if said else []
    assert caplog.messages == expected


@pytest.mark.parametrize(
    ("other", "chosen"),
    [
        pytest.param("u8s8-pairs-percentile", "close", id="the same kernels: the difference in time is chance"),
        pytest.param("u8u8", "fast", id="other kernels"),
    ],
)
def test_what_runs_the_same_kernels_is_as_fast(other, chosen):
    rows = [measured("fast", 5.0, 0.97), measured("close", 5.6, 0.99)]
    schemes = (BY_NAME["u8s8-pairs-plain"], BY_NAME[other])
    rows = [
        replace(row, candidate=replace(row.candidate, scheme=scheme)) for row, scheme in zip(rows, schemes, strict=True)
    ]
    assert choose([FLOAT, *rows], LIMITS).chosen.candidate.name == chosen
