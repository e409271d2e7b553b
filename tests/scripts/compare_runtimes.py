"""Compares one network in onnxruntime, LiteRT and OpenVINO: latency side by side in one run, accuracy and agreement.

    pip install '.[export,litert,openvino]'
    python tests/scripts/compare_runtimes.py model.onnx model.int8.onnx --original model.keras \
        --calibration photos/train --data photos/test

All run batch 1 on one thread. LiteRT runs its own INT8 conversion of the Keras model, with the same calibration images;
OpenVINO runs the INT8 file of cnnkit, with its batch fixed to 1. Inputs are prepared beforehand.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from statistics import median

import click
import numpy as np

from cnnkit.folders import list_class_folder, read_images, read_labelled
from cnnkit.keras_runtime import import_keras, load_keras_model
from cnnkit.preprocess import prepare_batch
from cnnkit.run_folder import original_input
from cnnkit.runtime import OnnxClassifier
from cnnkit.statistics import wilson_interval
from cnnkit.timing import time_interleaved

ROUNDS = 20
Call = Callable[[np.ndarray], np.ndarray]  # (1, height, width, channels) uint8 -> (1, classes)


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


def openvino_call(path: Path) -> Call:
    """Compiles an ONNX file with OpenVINO for one image at a time on one thread."""
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([1, *model.inputs[0].partial_shape.get_max_shape()[1:]])
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1}
    request = core.compile_model(model, "CPU", options).create_infer_request()
    return lambda tensor: request.infer([tensor])[0]


def main() -> None:
    """Measures and prints; see the head of this file."""
    arguments = _arguments()
    import_keras("compare_runtimes.py")
    floating = OnnxClassifier(arguments.float32, threads=1)
    integers = OnnxClassifier(arguments.int8, threads=1)
    spec = floating.spec
    drawn = list_class_folder(arguments.calibration, spec.labels).paths
    order = np.random.default_rng(0).permutation(len(drawn))[:500]
    calibration, _ = read_images([drawn[index] for index in order], spec.input)
    litert = LiteRt(arguments.original, calibration, spec)
    calls: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Call]] = {
        "cnnkit float32": (floating.input_tensor, floating.run),
        "cnnkit INT8": (integers.input_tensor, integers.run),
        "LiteRT INT8": (litert.prepare, litert.run),
        "OpenVINO, cnnkit INT8": (integers.input_tensor, openvino_call(arguments.int8)),
        "OpenVINO, cnnkit float32": (floating.input_tensor, openvino_call(arguments.float32)),
    }
    ready = {name: (prepare(calibration[:1]), run) for name, (prepare, run) in calls.items()}
    contenders = {name: (lambda tensor=tensor, run=run: run(tensor)) for name, (tensor, run) in ready.items()}
    times = time_interleaved(contenders, warmup=20, runs=arguments.runs, rounds=ROUNDS)
    _print_times(times)
    click.echo(f"LiteRT's file: {len(litert.content):,} bytes")
    if arguments.data:
        _print_answers(calls, arguments, spec)


def _print_times(times: dict[str, list[float]]) -> None:
    rounds = {name: [median(part) for part in np.array_split(values, ROUNDS)] for name, values in times.items()}
    ours = rounds["cnnkit INT8"]
    click.echo(f"{'batch 1, one thread':26} {'ms':>7}  cnnkit INT8 takes (median of {ROUNDS} rounds, least to most)")
    for name, values in rounds.items():
        ratios = [own / other for own, other in zip(ours, values, strict=True)]
        click.echo(
            f"{name:26} {median(times[name]):7.3f}  {median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})"
        )


def _print_answers(calls, arguments, spec) -> None:
    data = read_labelled(list_class_folder(arguments.data, spec.labels), spec.input)
    chosen = np.random.default_rng(1).permutation(len(data.images))[: arguments.images]
    answers = {
        name: np.array([run(prepare(data.images[index][None])).argmax() for index in chosen])
        for name, (prepare, run) in calls.items()
    }
    click.echo(f"\n{len(chosen):,} images{'':12} top-1, %  (95 % interval)   same label as float32, %")
    for name, labels in answers.items():
        right = labels == data.targets[chosen]
        low, high = wilson_interval(int(right.sum()), len(right))
        same = (labels == answers["cnnkit float32"]).mean()
        click.echo(f"{name:26} {100 * right.mean():6.2f}  ({100 * low:.2f} to {100 * high:.2f})   {100 * same:.2f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("float32", type=Path)
    parser.add_argument("int8", type=Path)
    parser.add_argument("--original", type=Path, required=True, help="the Keras file")
    parser.add_argument("--calibration", type=Path, required=True, help="class folders")
    parser.add_argument("--data", type=Path, help="class folders")
    parser.add_argument("--images", type=int, default=10_000, help="of --data")
    parser.add_argument("--runs", type=int, default=2000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
