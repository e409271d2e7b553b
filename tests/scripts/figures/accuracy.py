"""Accuracy, agreement with the original, and size."""

from __future__ import annotations

from collections.abc import Callable

from figures.figure import DATA, Measurement, Output, Row
from figures.wording import accuracy, changed_labels, percent

FLOAT32, INT8, ORIGINAL = (f"toolkit/models/best.{suffix}" for suffix in ("onnx", "int8.onnx", "keras"))
LITE0 = (
    "cnnkit export efficientnet_lite0 -o efficientnet_lite0.onnx",
    "python tests/scripts/imagenet_folders.py efficientnet_lite0.onnx networks/photos",
)  # and the photos in two halves
LITE0_INT8 = (
    "cnnkit quantize efficientnet_lite0.onnx --calibration networks/photos/calibration --data networks/photos/test "
    "--scheme u8s8-pairs -o efficientnet_lite0.int8.onnx"
)
INT8_SCHEME = "u8s8-pairs"  # of networks without labelled data, for which nothing can be chosen


def _float32(output: Output) -> str:
    (model,) = output.document()["contenders"]
    found = model["accuracy"]
    return f"{percent(found['top1'])} (95 % interval {100 * found['low']:.2f} to {100 * found['high']:.2f})"


def _int8(output: Output) -> str:
    (model,) = (each for each in output.document()["contenders"] if each["kind"] == "model")
    return f"{accuracy(model['accuracy'])}, the same label on {percent(model['agreement_with_original'])}"


def _drop(output: Output) -> str:
    (comparison,) = output.document()["comparisons"]
    drop = {name: 100 * value for name, value in comparison["accuracy_drop"].items()}
    return f"{drop['value']:.2f} points (paired 95 % interval {drop['low']:.2f} to {drop['high']:.2f})"


def _sizes(output: Output) -> str:
    found = output.last_line()
    before, after = found["bytes_before"], found["bytes_after"]
    return f"{before:,} and {after:,} bytes, {after / before:.2f} x"


def _seconds(output: Output) -> str:
    return f"{output.last_line()['seconds']:.0f} s without fine-tuning (n = 1)"


def _time_and_memory(output: Output) -> str:
    found = output.last_line()
    return f"{found['seconds']:.0f} s, {found['peak_mib'] / 1024:.2f} GiB of memory in all (n = 1)"


def _choice(output: Output) -> str:
    found = output.last_line()["chosen"]
    lost, low, high = (100 * found["drop"][name] for name in ("value", "low", "high"))
    return (
        f"{found['ratio']:.2f} x float32, {lost:.2f} points lost ({low:.2f} to {high:.2f}), "
        f"same label {percent(found['agreement'])} (n = {found['images']:,.0f})"
    )


def _export(output: Output) -> str:
    stage = next(stage for stage in output.document()["stages"] if stage["name"] == "float32")
    difference, images = stage["max_probability_difference"], stage["images"]
    return f"{difference:.1e}, {changed_labels(stage['label_changes'])} (n = {images})"


def _parity(output: Output) -> str:
    found = output.last_line()["networks"]
    worst = max(network["max_probability_difference"] for network in found)
    changed = sum(network["label_changes"] for network in found)
    return f"{worst:.1e}, {changed_labels(changed)} ({len(found)} networks)"


def _logits(output: Output) -> str:
    return f"{max(network['logit_difference'] for network in output.last_line()['networks']):.1e}"


def _of_photos(name: str) -> Callable[[Output], str]:
    def read(output: Output) -> str:
        found = output.last_line()
        value, low, high = (found[name][part] for part in ("value", "low", "high"))
        return f"{percent(value)} (95 % interval {100 * low:.2f} to {100 * high:.2f}, n = {found['images']:,})"

    return read


def random_network(name: str) -> str:
    """Returns the command that makes a network with random weights."""
    return f"python tests/scripts/measure_parity.py {name} --keep networks"


def _of_scheme(name: str) -> Callable[[Output], str]:
    """Reads a figure of `u8s8-pairs`, beside those of schemes that are not safe or have a bit less."""

    def read(output: Output) -> str:
        found = output.last_line()
        pairs = found["u8s8-pairs"]
        if name == "bytes":
            before, after = pairs["bytes"]
            return f"{before:,} and {after:,} bytes, {after / before:.2f} x"
        if name == "drop":
            value, low, high = (100 * each for each in pairs["drop"])
            return f"{value:.2f} points (paired 95 % interval {low:.2f} to {high:.2f}, n = {pairs['images']:,})"
        if name == "haswell":
            there, unsafe = pairs["haswell"], found["u8s8"]["haswell"]
            return f"{there['changed']} of {there['images']}, worst {there['worst']:.0e}; `u8s8`: {unsafe['changed']}"
        value, low, high = (100 * each for each in pairs["same_label"])
        seven = found["u8s8-7bit-percentile"]["same_label"][0]
        return f"{value:.2f} % ({low:.2f} to {high:.2f}, n = {pairs['images']:,}); in 7 bits {percent(seven)}"

    return read


ACCURACY = (
    Measurement(
        "float32",
        (f"cnnkit bench --model {FLOAT32} --data {DATA}",),
        (Row("bundled network, float32: top-1 on 10,000 test images", _float32),),
        minutes=1,
    ),
    Measurement(
        "int8",
        (f"cnnkit bench --model {INT8} --original {ORIGINAL} --data {DATA}",),
        (Row("the same in INT8", _int8), Row("accuracy that INT8 loses, 10,000 test images", _drop)),
        minutes=2,
    ),
    Measurement(
        "quantize",
        (f"python tests/scripts/measure_quantizing.py {FLOAT32} --calibration {DATA}/train --data {DATA}/test",),
        (
            Row("float32 and INT8 files, metadata not counted", _sizes),
            Row("`cnnkit quantize`, all candidates, 500 calibration and 10,000 test images", _seconds),
        ),
        minutes=1,
    ),
    Measurement(
        "quantize-vgg3_bn",
        (
            random_network("vgg3_bn"),
            f"python tests/scripts/measure_quantizing.py networks/vgg3_bn.onnx --calibration {DATA}/train "
            f"--scheme {INT8_SCHEME} --force",
        ),
        (Row("the same sizes for `vgg3_bn`", _sizes),),
        minutes=1,
    ),
    Measurement(
        "export",
        (f"cnnkit verify {FLOAT32} --original {ORIGINAL} --data {DATA}/test",),
        (Row("ONNX export against Keras, largest difference of a probability", _export),),
        minutes=0.5,
    ),
    Measurement(
        "parity",
        ("python tests/scripts/measure_parity.py",),
        (
            Row("the same for every architecture and four of keras.applications, 64 images", _parity),
            Row("difference of their logits, over how much logits vary from image to image", _logits),
        ),
        minutes=8,
    ),
    Measurement(
        "imagenet",
        ("python tests/scripts/measure_imagenet.py",),
        (
            Row("`cnnkit export efficientnet_lite0`, float32: top-1 on ImageNet photos", _of_photos("top1")),
            Row("the same: top-5", _of_photos("top5")),
        ),
        minutes=1,
        photos="imagenet",
    ),
    Measurement(
        "quantize-lite0",
        (
            *LITE0,
            "python tests/scripts/measure_quantizing.py efficientnet_lite0.onnx "
            "--calibration networks/photos/calibration --data networks/photos/test --calibration-size 250",
        ),
        (
            Row("`cnnkit quantize` of `efficientnet_lite0`, 250 and 250 photos", _time_and_memory),
            Row("EfficientNet-Lite0 in INT8", _choice),
        ),
        minutes=4,
        photos="imagenet",
    ),
    Measurement(
        "quantize-ResNet50V2",
        (
            random_network("ResNet50V2"),
            "python tests/scripts/imagenet_folders.py networks/ResNet50V2.onnx networks/photos --flat",
            "python tests/scripts/measure_quantizing.py networks/ResNet50V2.onnx "
            "--calibration networks/photos/calibration --data networks/photos/test --calibration-size 250",
        ),
        (Row("`cnnkit quantize` of ResNet50V2, random weights, 250 and 250 photos", _time_and_memory),),
        minutes=8,
        photos="imagenet",
    ),
    Measurement(
        "schemes",
        (
            "python tests/scripts/measure_schemes.py efficientnet_lite0 imagenet --haswell 200 "
            "--schemes u8s8-pairs,u8s8-7bit-percentile,u8s8",
        ),
        (
            Row("the same in INT8 that cannot saturate: the same label as float32", _of_scheme("same_label")),
            Row("top-1 that it loses", _of_scheme("drop")),
            Row("its labels that change on an emulated CPU without VNNI; `u8s8`", _of_scheme("haswell")),
            Row("its files, metadata not counted", _of_scheme("bytes")),
        ),
        minutes=20,
        photos="imagenet",
    ),
)
