"""Our float32 and INT8 against other runtimes, on the same network.

What depends on the command that compares them is above the line below: how it is called, and what it calls the
contenders.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from figures.accuracy import FLOAT32, INT8, INT8_SCHEME, ORIGINAL, random_network
from figures.figure import DATA, Measurement, Output, Row
from figures.wording import number, percent, span

EXTRAS = ("litert", "openvino")
# What the README says -> what the command calls it, {} being the network's name.
NAMES = {
    "INT8": "{}.int8",
    "float32": "{}",
    "Keras": "{} function",
    "LiteRT's INT8": "{} LiteRT INT8",
    "OpenVINO on our INT8 file": "{}.int8 OpenVINO",
    "OpenVINO on our float32 file": "{} OpenVINO",
    "OpenVINO on its own INT8": "{} NNCF INT8",
}


def comparison(float32: str, int8: str, original: str, *data: str) -> str:
    """Returns the command that runs a network in every runtime, one image on one thread."""
    files = f"--model {int8} --compare {float32} --original {original} --original-call function"
    others = f"--runtime litert --runtime openvino --calibration {DATA}/train"
    return " ".join(["cnnkit bench --threads 1 --no-cold-start", files, others, *data])


def printed(output: Output) -> Any:
    """Returns the JSON of that command."""
    return output.document()


# ----------------------------------------------------------------------------------------------------------------------


def contenders(output: Output) -> dict[str, Any]:
    """Returns what was measured, by the README's names."""
    found = {contender["name"]: contender for contender in printed(output)["contenders"]}
    return {name: found[theirs] for name, theirs in _names(found).items() if theirs in found}


def ratios(output: Output) -> dict[str, Any]:
    """Returns the time of our INT8 over that of each other, by the README's names."""
    listed = {(ratio["numerator"], ratio["denominator"]): ratio for ratio in printed(output)["ratios"]}
    there = [contender["name"] for contender in printed(output)["contenders"]]
    names = {name: theirs for name, theirs in _names(there).items() if theirs in there}
    ours = names["INT8"]
    return {
        name: listed[ours, theirs] if (ours, theirs) in listed else _inverted(listed[theirs, ours])
        for name, theirs in names.items()
        if theirs != ours
    }


def _names(contenders: Iterable[str]) -> dict[str, str]:
    """Returns the README's names -> those of the contenders, of which our INT8 is the first in onnxruntime."""
    network = next(name.removesuffix(".int8") for name in contenders if name.endswith(".int8"))
    return {name: pattern.format(network) for name, pattern in NAMES.items()}


def _inverted(ratio: Any) -> dict[str, float]:
    return {"ratio": 1 / ratio["ratio"], "low": 1 / ratio["high"], "high": 1 / ratio["low"]}


def _latency(output: Output) -> str:
    time = contenders(output)["INT8"]["latency_ms"]
    others = ", ".join(
        f"over {name} {number(ratio['ratio'])} ({span(ratio)})" for name, ratio in ratios(output).items()
    )
    return f"{time['p50']:.3f} ms; {others} (95 % intervals, n = {time['n']:,})"


def _accuracy(output: Output) -> str:
    found = {name: contender["accuracy"] for name, contender in contenders(output).items()}
    tops = ", ".join(f"{name} {percent(accuracy['top1'])}" for name, accuracy in found.items())
    ends = [abs(accuracy["top1"] - accuracy[end]) for accuracy in found.values() for end in ("low", "high")]
    return f"{tops} (95 % intervals reach {100 * max(ends):.2f} points at most, n = {found['INT8']['n']:,})"


def _agreement(output: Output) -> str:
    found = {name: contender["agreement_with_original"] for name, contender in contenders(output).items()}
    return ", ".join(f"{name} {percent(same)}" for name, same in found.items() if name != "Keras")


def _random(name: str, minutes: float) -> Measurement:
    """Returns the comparison on a network with random weights, whose accuracy says nothing."""
    file = f"networks/{name}"
    quantize = f"cnnkit quantize {file}.onnx --calibration {DATA}/train --scheme {INT8_SCHEME} -o {file}.int8.onnx"
    compare = comparison(f"{file}.onnx", f"{file}.int8.onnx", f"{file}.keras")
    return Measurement(
        f"runtimes-{name}",
        (random_network(name), quantize, compare),
        (Row(f"the times for `{name}` with random weights", _latency),),
        minutes,
        EXTRAS,
    )


RUNTIMES = (
    Measurement(
        "runtimes",
        (comparison(FLOAT32, INT8, ORIGINAL, "--data", f"{DATA}/test"),),
        (
            Row("bundled network, one image on one thread: the time of our INT8 over that of others", _latency),
            Row("the same runtimes: top-1 on 10,000 test images", _accuracy),
            Row("the same runtimes: the label that Keras gives", _agreement),
        ),
        minutes=4,
        extras=EXTRAS,
    ),
    _random("vgg3_bn", minutes=2),
    _random("MobileNetV3Small", minutes=4),
)
