"""Compares one network in onnxruntime, Keras, LiteRT and OpenVINO: latency side by side, accuracy and agreement.

    pip install '.[export,litert,openvino]'
    python tests/scripts/compare_runtimes.py model.onnx model.int8.onnx --original model.keras \
        --calibration photos/train --data photos/test

All run batch 1 on one thread, in turns, with inputs that are prepared beforehand. Keras is the compiled function.
LiteRT runs its own INT8 conversion of the Keras model, with the images that `cnnkit quantize` calibrates with; OpenVINO
runs the files of cnnkit, with their batch fixed to 1. Without --data there are times alone. --json prints, as the last
line, the fields of `cnnkit bench --format json` that it has.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np

from cnnkit.export.quantization.calibration import read_calibration
from cnnkit.folders import list_class_folder, read_labelled
from cnnkit.keras_runtime import KerasClassifier, import_keras, load_keras_model
from cnnkit.preprocess import prepare_batch
from cnnkit.run_folder import original_input
from cnnkit.runtime import OnnxClassifier
from cnnkit.spec import ModelSpec
from cnnkit.statistics import ratio_of_medians, wilson_interval
from cnnkit.timing import ROUNDS, time_interleaved

CALIBRATION_IMAGES, SEED = 500, 0  # the defaults of cnnkit quantize
OURS, REFERENCE = "cnnkit INT8", "Keras"  # whose time is divided by that of each other; whose labels count as right


@dataclass(frozen=True)
class Contender:
    """A runtime with a model in it."""

    prepare: Callable[[np.ndarray], np.ndarray]  # (1, height, width, channels) uint8 -> what `run` takes
    run: Callable[[np.ndarray], np.ndarray]  # -> (1, classes)


class LiteRt:
    """The Keras model, quantized by TensorFlow's converter, in the LiteRT interpreter."""

    def __init__(self, keras_file: Path, images: np.ndarray, spec) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.spec = original_input(spec)
        self.content = _converted(keras_file, prepare_batch(images, self.spec))
        self.interpreter = Interpreter(model_content=self.content, num_threads=1)
        self.interpreter.allocate_tensors()
        (self.taken,), (self.given,) = self.interpreter.get_input_details(), self.interpreter.get_output_details()

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Returns the integers that stand for an image."""
        scale, zero = self.taken["quantization"]
        limits = np.iinfo(self.taken["dtype"])
        integers = np.rint(prepare_batch(image, self.spec) / scale + zero)
        return np.clip(integers, limits.min, limits.max).astype(self.taken["dtype"])

    def run(self, tensor: np.ndarray) -> np.ndarray:
        """Returns the integers of the probabilities."""
        self.interpreter.set_tensor(self.taken["index"], tensor)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.given["index"])


def _converted(keras_file: Path, tensors: np.ndarray) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(load_keras_model(keras_file))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([tensor[None].astype(np.float32)] for tensor in tensors)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    return converter.convert()


def openvino_call(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Compiles an ONNX file with OpenVINO for one image at a time on one thread."""
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([1, *model.inputs[0].partial_shape.get_max_shape()[1:]])
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1}
    request = core.compile_model(model, "CPU", options).create_infer_request()
    return lambda tensor: request.infer([tensor])[0]


def one_thread() -> None:
    """Imports Keras, and TensorFlow with one thread."""
    import_keras("compare_runtimes.py")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def contenders_of(arguments: argparse.Namespace, floating: OnnxClassifier) -> tuple[dict[str, Contender], LiteRt]:
    """Loads the network into every runtime."""
    integers = OnnxClassifier(arguments.int8, threads=1)
    images = read_calibration(arguments.calibration, CALIBRATION_IMAGES, floating.spec.input, SEED).images
    keras = KerasClassifier(arguments.original, ModelSpec(floating.spec.labels, original_input(floating.spec)))
    litert = LiteRt(arguments.original, images, floating.spec)
    return {
        OURS: Contender(integers.input_tensor, integers.run),
        "cnnkit float32": Contender(floating.input_tensor, floating.run),
        REFERENCE: Contender(keras.input_tensor, keras.function_call),
        "LiteRT INT8": Contender(litert.prepare, litert.run),
        "OpenVINO, cnnkit INT8": Contender(integers.input_tensor, openvino_call(arguments.int8)),
        "OpenVINO, cnnkit float32": Contender(floating.input_tensor, openvino_call(arguments.float32)),
    }, litert


def time_all(contenders: dict[str, Contender], image: np.ndarray, runs: int) -> dict[str, list[float]]:
    """Times one image in turns; returns milliseconds by name."""
    ready = {name: (contender.run, contender.prepare(image)) for name, contender in contenders.items()}
    calls = {name: (lambda run=run, tensor=tensor: run(tensor)) for name, (run, tensor) in ready.items()}
    return time_interleaved(calls, warmup=20, runs=runs)


def ratios_of(times: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Returns how long ours takes of the time of each other, with a 95 % interval over the rounds."""
    found = {name: ratio_of_medians(times[OURS], values, rounds=ROUNDS) for name, values in times.items()}
    return [
        {"numerator": OURS, "denominator": name, "ratio": ratio.value, "low": ratio.low, "high": ratio.high}
        for name, ratio in found.items()
        if name != OURS
    ]


def accuracies(contenders: dict[str, Contender], data: Path, count: int, spec: Any) -> dict[str, dict[str, Any]]:
    """Returns top-1 and the share of the reference's labels, by name, on images drawn from class folders."""
    labelled = read_labelled(list_class_folder(data, spec.labels), spec.input)
    chosen = np.random.default_rng(1).permutation(len(labelled.images))[:count]
    answers = {
        name: np.array([contender.run(contender.prepare(labelled.images[index][None])).argmax() for index in chosen])
        for name, contender in contenders.items()
    }
    figures = {}
    for name, labels in answers.items():
        right = int((labels == labelled.targets[chosen]).sum())
        low, high = wilson_interval(right, len(chosen))
        figures[name] = {
            "accuracy": {"top1": right / len(chosen), "low": low, "high": high, "n": len(chosen)},
            "agreement_with_original": float((labels == answers[REFERENCE]).mean()),
        }
    return figures


def print_figures(figures: dict[str, Any]) -> None:
    """Prints for people."""
    ratios = {ratio["denominator"]: ratio for ratio in figures["ratios"]}
    click.echo(f"{'batch 1, one thread':26} {'ms':>7}  {OURS} takes of it (95 % interval)   top-1, %  same label, %")
    for contender in figures["contenders"]:
        name, accuracy = contender["name"], contender["accuracy"]
        found = ratios.get(name)
        ratio = f"{found['ratio']:.2f} ({found['low']:.2f} to {found['high']:.2f})" if found else ""
        line = f"{name:26} {contender['latency_ms']['p50']:7.3f}  {ratio:40}"
        if accuracy:
            same = contender["agreement_with_original"]
            line += f"{100 * accuracy['top1']:8.2f} {100 * same:14.2f}   ({accuracy['n']:,} images)"
        click.echo(line.rstrip())
    click.echo(f"LiteRT's file: {figures['litert_bytes']:,} bytes")


def main() -> None:
    """Measures and prints; see the head of this file."""
    arguments = _arguments()
    one_thread()
    floating = OnnxClassifier(arguments.float32, threads=1)
    contenders, litert = contenders_of(arguments, floating)
    taken = floating.spec.input
    noise = np.random.default_rng(SEED).integers(0, 256, (1, taken.height, taken.width, taken.channels), dtype=np.uint8)
    times = time_all(contenders, noise, arguments.runs)
    answered = accuracies(contenders, arguments.data, arguments.images, floating.spec) if arguments.data else {}
    unknown = {"accuracy": None, "agreement_with_original": None}
    figures = {
        "contenders": [
            {"name": name, "latency_ms": {"p50": median(values), "n": len(values)}, **answered.get(name, unknown)}
            for name, values in times.items()
        ],
        "ratios": ratios_of(times),
        "litert_bytes": len(litert.content),
    }
    print_figures(figures)
    if arguments.json:
        click.echo(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("float32", type=Path)
    parser.add_argument("int8", type=Path)
    parser.add_argument("--original", type=Path, required=True, help="the Keras file")
    parser.add_argument("--calibration", type=Path, required=True, help="a folder of images")
    parser.add_argument("--data", type=Path, help="class folders")
    parser.add_argument("--images", type=int, default=10_000, help="of --data")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
