"""Our float32 and INT8 against other runtimes, on the same network.

What depends on the command that compares them is above the line below: how it is called, and what it calls the
contenders.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from figures.accuracy import FLOAT32, INT8, INT8_SCHEME, LITE0, LITE0_INT8, ORIGINAL, random_network
from figures.figure import DATA, ON_OLDER_CPU, Measurement, Output, Row, Table
from figures.wording import estimate, number, percent, span

EXTRAS = ("litert", "openvino")
HIDDEN = ", VNNI hidden"  # after what is measured on an older CPU
# What the tables say -> what the command calls it, {} being the network's name.
NAMES = {
    "INT8": "{}.int8",
    "float32": "{}",
    "Keras": "{} function",
    "LiteRT's INT8": "{} LiteRT INT8",
    "OpenVINO on our INT8 file": "{}.int8 OpenVINO",
    "OpenVINO on our float32 file": "{} OpenVINO",
    "OpenVINO on its own INT8": "{} NNCF INT8",
}


def comparison(float32: str, int8: str, original: str, *data: str, calibration: str = f"{DATA}/train") -> str:
    """Returns the command that runs a network in every runtime, one image on one thread."""
    files = f"--model {int8} --compare {float32} --original {original} --original-call function"
    others = f"--runtime litert --runtime openvino --calibration {calibration}"
    return " ".join(["cnnkit bench --threads 1 --no-cold-start", files, others, *data])


def printed(output: Output) -> Any:
    """Returns the JSON of that command."""
    return output.document()


# ----------------------------------------------------------------------------------------------------------------------


def contenders(output: Output) -> dict[str, Any]:
    """Returns what was measured, by our names."""
    found = {contender["name"]: contender for contender in printed(output)["contenders"]}
    return {name: found[theirs] for name, theirs in _names(found).items() if theirs in found}


def ratios(output: Output) -> dict[str, Any]:
    """Returns the time of our INT8 over that of each other, by our names."""
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
    """Returns our names -> those of the contenders, of which our INT8 is the first in onnxruntime."""
    network = next(name.removesuffix(".int8") for name in contenders if name.endswith(".int8"))
    return {name: pattern.format(network) for name, pattern in NAMES.items()}


def _inverted(ratio: Any) -> dict[str, float]:
    return {"ratio": 1 / ratio["ratio"], "low": 1 / ratio["high"], "high": 1 / ratio["low"]}


def _over_litert(output: Output) -> str:
    return estimate(ratios(output)["LiteRT's INT8"], "", contenders(output)["INT8"]["latency_ms"]["n"])


def _table(output: Output) -> list[str]:
    """Returns a table with a row for each contender; without labelled images it has times alone."""
    found, over = contenders(output), ratios(output)
    known = all(contender["accuracy"] for contender in found.values())
    heads = ["runtime", "our INT8's time over its", f"95 % interval, n = {found['INT8']['latency_ms']['n']:,}"]
    heads += [_top1_head(found), "label as Keras"] if known else []
    rows = [
        [*_times(name, found, over), *(_answers(name, contender) if known else [])] for name, contender in found.items()
    ]
    return ["| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows)]


def _times(name: str, found: dict[str, Any], over: dict[str, Any]) -> list[str]:
    if name == "INT8":
        return [f"our INT8, {found[name]['latency_ms']['p50']:.3f} ms", "-", "-"]
    return [name, number(over[name]["ratio"]), span(over[name])]


def _answers(name: str, contender: Any) -> list[str]:
    same = "-" if name == "Keras" else percent(contender["agreement_with_original"])
    return [percent(contender["accuracy"]["top1"]), same]


def _top1_head(found: dict[str, Any]) -> str:
    accuracies = [contender["accuracy"] for contender in found.values()]
    ends = [abs(accuracy["top1"] - accuracy[end]) for accuracy in accuracies for end in ("low", "high")]
    return f"top-1 (95 % intervals reach {100 * max(ends):.2f} points at most, n = {accuracies[0]['n']:,})"


def _random(name: str, minutes: float, *, older: bool = False) -> Measurement:
    """Returns the comparison on a network with random weights, whose accuracy says nothing."""
    file = f"networks/{name}"
    quantize = (
        f"cnnkit quantize {file}.onnx --calibration {DATA}/train --scheme {INT8_SCHEME} --force -o {file}.int8.onnx"
    )
    compare = comparison(f"{file}.onnx", f"{file}.int8.onnx", f"{file}.keras")
    table = Table(f"`{name}` with random weights, one thread", _table)
    return _measurement(f"runtimes-{name}", (random_network(name), quantize, compare), (table,), minutes, older=older)


def _bundled(*, older: bool = False) -> Measurement:
    """Returns the comparison on the network that is in the wheel."""
    rows = (
        Row("latency of one image on one thread, INT8 over LiteRT's INT8", _over_litert),
        Table("The bundled network, one thread", _table),
    )
    commands = (comparison(FLOAT32, INT8, ORIGINAL, "--data", f"{DATA}/test"),)
    return _measurement("runtimes", commands, rows, minutes=4, older=older)


def _lite0(*, older: bool = False) -> Measurement:
    """Returns the comparison on EfficientNet-Lite0, whose weights are trained."""
    compare = comparison(
        "efficientnet_lite0.onnx",
        "efficientnet_lite0.int8.onnx",
        "efficientnet_lite0",
        "--data networks/photos/test",
        calibration="networks/photos/calibration",
    )
    rows = (
        Row("the same for EfficientNet-Lite0 at 224 pixels", _over_litert),
        Table("EfficientNet-Lite0 with ImageNet weights at 224 pixels, one thread", _table),
    )
    commands = (*LITE0, LITE0_INT8, compare)
    return _measurement("runtimes-lite0", commands, rows, minutes=8, photos="imagenet", older=older)


def _measurement(
    name: str, commands: tuple[str, ...], rows: tuple[Row | Table, ...], minutes: float, *, photos: str | None = None,
    older: bool = False,
) -> Measurement:  # fmt: skip
    """Returns a comparison, or the same with the last command on a CPU from which VNNI is hidden."""
    if older:
        name, commands = f"{name}-avx2", (*commands[:-1], ON_OLDER_CPU + commands[-1])
        rows = tuple(replace(row, what=f"{row.what}{HIDDEN}") for row in rows)
    return Measurement(name, commands, rows, minutes, EXTRAS, photos=photos)


RUNTIMES = (
    _bundled(),
    _bundled(older=True),
    _random("vgg3_bn", minutes=2),
    _random("MobileNetV3Small", minutes=4),
    _random("MobileNetV2", minutes=6),
    _random("MobileNetV2", minutes=9, older=True),
    _lite0(),
    _lite0(older=True),
)
