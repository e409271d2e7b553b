"""The steps of `cnnkit demo`: each runs what the command of its name runs, and says its figures in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cnnkit.errors import UsageError
from cnnkit.spec import InputSpec

PHOTO = Path(__file__).parents[1] / "examples" / "cat.jpg"  # CC0
_SPLITS = ("train", "test")  # the images to calibrate with, and the ones to measure on


@dataclass(frozen=True)
class DemoFolder:
    """Where the demo keeps what it makes."""

    path: Path

    @property
    def images(self) -> Path:
        return self.path / "images"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def model(self) -> Path:
        return self.path / "digits.onnx"

    @property
    def quantized(self) -> Path:
        return self.path / "digits.int8.onnx"


def make_demo_folder(wanted: Path | None) -> DemoFolder:
    """Makes the folder that was asked for, or the first of cnnkit-demo, cnnkit-demo-2, ... that does not exist.

    Raises:
        UsageError: The folder that was asked for exists.
    """
    if wanted is not None and wanted.exists():
        raise UsageError(f"{wanted} exists already: name another folder with --out")
    names = (f"cnnkit-demo-{number}" if number > 1 else "cnnkit-demo" for number in range(1, 10_000))
    path = wanted or next(Path(name) for name in names if not Path(name).exists())
    path.mkdir(parents=True)
    return DemoFolder(path)


def run_steps(folder: DemoFolder) -> Iterator[str]:
    """Runs the chain, step by step, and gives the line each step says."""
    steps: tuple[tuple[str, Callable[[DemoFolder], str]], ...] = (
        ("images", write_images),
        ("train", train_step),
        ("export", export_step),
        ("quantize", quantize_step),
        ("verify", verify_step),
        ("bench", bench_step),
        ("predict", predict_step),
        ("photo", photo_step),
    )
    for name, step in steps:
        yield f"{name:<9} {step(folder)}"


def write_images(folder: DemoFolder) -> str:
    """Writes the digits as PNG files in class folders, so that later steps read files as users' are read."""
    from cnnkit.system import import_cv2
    from cnnkit.train.data import SplitOptions, load_dataset

    cv2 = import_cv2()
    dataset = load_dataset("digits", InputSpec(8, 8, 1, "gray"), SplitOptions())
    count = 0
    for name, split in zip(_SPLITS, (dataset.train, dataset.test), strict=True):
        assert split is not None
        for index, (image, target) in enumerate(zip(split.images, split.targets, strict=True)):
            path = folder.images / name / dataset.labels[target] / f"{index:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
            count += 1
    return f"{count:,} handwritten digits of 8 x 8 pixels in {folder.images}"


def train_step(folder: DemoFolder) -> str:
    """Trains conv2 on the digits."""
    from cnnkit.train.recipes import make_request
    from cnnkit.train.runs import run_training

    flags = {"epochs": 12, "learning_rate": 1e-3, "label_smoothing": 0.05, "size": 16, "translate": 0.1}
    outcome = run_training(make_request("digits", folder.run, flags))
    figures = outcome.metrics
    return (
        f"conv2 for {len(outcome.history)} epochs at {outcome.history[-1]['images_per_s']:,.0f} images/s: "
        f"{_percent(figures['top1'])} of {figures['images']} test images right "
        f"({_percent(figures['low'])} to {_percent(figures['high'])})"
    )


def export_step(folder: DemoFolder) -> str:
    """Exports the run to ONNX."""
    from cnnkit.export import ExportOptions, export_model

    report = export_model(ExportOptions(folder.run, folder.model))
    return (
        f"{folder.model.name}, {report.size_bytes:,} bytes; largest difference to Keras "
        f"{report.parity.max_probability_difference:.1e} on {report.parity.images} images"
    )


def quantize_step(folder: DemoFolder) -> str:
    """Quantizes the exported model, measured on the test images."""
    from cnnkit.export import QuantizeOptions, quantize_model

    train, test = (folder.images / name for name in _SPLITS)
    report = quantize_model(QuantizeOptions(folder.model, train, folder.quantized, data=test, calibration_size=200))
    effect, chosen = report.effect, report.decision.chosen
    lost = ""
    if effect is not None and effect.drop is not None:
        low, high = _points(effect.drop[1]), _points(effect.drop[2])
        lost = f"accuracy drop {_points(effect.drop[0])} ({low} to {high}), {_percent(effect.agreement)} same labels, "
    return (
        f"{folder.quantized.name}, {report.size_bytes:,} bytes: {chosen.candidate.name}; {lost}"
        f"{chosen.ratio:.2f} x the time of float32"
    )


def verify_step(folder: DemoFolder) -> str:
    """Lets the quantized file prove itself on its golden images."""
    from cnnkit.runtime import check_golden, load_model, require_passed

    classifier = load_model(folder.quantized).classifier
    result = check_golden(classifier, classifier.spec)
    require_passed(result)
    return (
        f"{result.images} golden images passed: largest difference {result.max_probability_difference:.4f}, "
        f"{_percent(result.top1_agreement)} same labels"
    )


def bench_step(folder: DemoFolder) -> str:
    """Measures both files beside the original."""
    from cnnkit.bench import BenchOptions, run_bench

    options = BenchOptions(
        (folder.quantized, folder.model),
        original=folder.run / "model.keras",
        data=folder.images / _SPLITS[1],
        runs=200,
        original_calls=("predict", "function"),
        cold_start=False,
    )
    session = run_bench(options)
    parts = []
    for result in session.results:
        accuracy = "" if result.accuracy is None else f" {_percent(result.accuracy.top1)}"
        parts.append(f"{result.name} {result.latency_ms.p50 or 0:.3f} ms{accuracy}")
    return "median of one image, accuracy: " + "; ".join(parts)


def predict_step(folder: DemoFolder) -> str:
    """Predicts the test images from their files."""
    from cnnkit.runtime import load_model

    model = load_model(folder.quantized)
    paths = sorted((folder.images / _SPLITS[1]).rglob("*.png"))
    right = sum(model.predict(path).label == path.parent.name for path in paths)
    return f"{right} of {len(paths)} test files right, such as {paths[0]}"


def photo_step(_: DemoFolder) -> str:
    """Predicts the example photo with the bundled model."""
    from cnnkit.runtime import load_model

    answer = load_model().predict(PHOTO, top_k=2)
    named = ", ".join(f"{candidate.label} {_percent(candidate.probability)}" for candidate in answer.top)
    return f"bundled model on {PHOTO.name}: {named}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def _points(fraction: float) -> str:
    return f"{100 * fraction:+.2f} points"
