"""Measures how fast `cnnkit predict` goes through folders, against plain loops, interleaved in one run.

    python tests/scripts/measure_predict.py photos           # 200 photos of 12 megapixels
    python tests/scripts/measure_predict.py tiny FOLDER      # 20,000 of the small JPEGs in a folder
    python tests/scripts/measure_predict.py folder FOLDER --model lite0.onnx --count 1000    # photos of one's own

The photos are cut from CC0 photographs of scikit-image, enlarged and encoded as a camera would. The plain loop reads
with cv2.imread, averages areas and runs one image after the other, of tiny files 64 together, of a folder 32; the limit
is decoding alone at the same reduced scale on two threads, or the network alone in batches of 32. The classifier, and
so the threads of one inference, is the same.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np

from cnnkit.images import read_image, resize_image
from cnnkit.measuring import wilson_interval
from cnnkit.predicting import NamedClassifier, PredictOptions, PredictRun, run_predict
from cnnkit.report import ReportOptions
from cnnkit.runtime import OnnxClassifier, bundled_model
from cnnkit.sources import list_images
from cnnkit.system import import_cv2

NAMES = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina", "immunohistochemistry")
SIZE = (4000, 3000)
TINY = 20_000


def write_photos(folder: Path, count: int) -> list[Path]:
    """Writes photos of 12 megapixels: parts of CC0 photographs, enlarged."""
    from skimage import data

    cv2, rng = import_cv2(), np.random.default_rng(0)
    photos = [getattr(data, name)()[..., :3] for name in NAMES]
    paths = []
    for index in range(count):
        photo = photos[index % len(photos)]
        side = int(min(photo.shape[:2]) * rng.uniform(0.5, 1.0))
        top, left = (int(rng.integers(size - side + 1)) for size in photo.shape[:2])
        part = photo[top : top + side, left : left + side, ::-1]
        path = folder / f"{index:04}.jpg"
        cv2.imwrite(str(path), cv2.resize(part, SIZE, interpolation=cv2.INTER_CUBIC), [cv2.IMWRITE_JPEG_QUALITY, 90])
        paths.append(path)
    return paths


def cnnkit_way(classifier: OnnxClassifier, paths: list[Path], rows: Path, *, exact: bool = False) -> None:
    """Predicts as the command does, rows and all."""
    names = rows.with_suffix(".list")
    names.write_text("\n".join(map(str, paths)))
    report = ReportOptions("jsonl", rows, overwrite=True)
    models = (classifier.path,)  # else threads would open the bundled one
    run = PredictRun((f"@{names}",), models, predict=PredictOptions(exact=exact), report=report)
    run_predict(run, [NamedClassifier(classifier)])


def labels_in(rows: Path) -> list[str]:
    """Returns the labels that a run wrote."""
    return [json.loads(row)["label"] for row in rows.read_text().splitlines()]


def plain_loop(classifier: OnnxClassifier, paths: list[Path], batch: int) -> list[str]:
    """Predicts as ten lines of a script would."""
    cv2, taken = import_cv2(), classifier.spec.input
    labels = []
    for start in range(0, len(paths), batch):
        images = [cv2.imread(str(path))[..., ::-1] for path in paths[start : start + batch]]
        small = [cv2.resize(image, (taken.width, taken.height), interpolation=cv2.INTER_AREA) for image in images]
        output = classifier.run(np.stack(small))
        labels += [classifier.spec.labels[index] for index in output.argmax(axis=1)]
    return labels


def decoding_alone(classifier: OnnxClassifier, paths: list[Path]) -> None:
    """Decodes and resizes at the same reduced scale on two threads, and does nothing with it."""
    taken = classifier.spec.input

    def load(path: Path) -> None:
        resize_image(read_image(path, taken=(taken,)).pixels, taken)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(load, paths))


def compare(ways: dict[str, Callable[[], object]], count: int, rounds: int) -> dict[str, Any]:
    """Times the ways in turns, prints images a second, and returns what the first has over each other."""
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name in list(ways)[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            ways[name]()
            speeds[name].append(count / (time.perf_counter() - start))
    first, found = next(iter(ways)), {}
    for name, values in speeds.items():
        ratios = [own / other for own, other in zip(speeds[first], values, strict=True)]
        found[name] = {"ratio": median(ratios), "low": min(ratios), "high": max(ratios)}
        spread = f"{median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f}, n = {rounds})"
        click.echo(f"{name:34} {median(values):9,.0f} images/s   {first} over it: {spread}")
    return {"n": rounds, "over": found}


def measure_tiny(classifier: OnnxClassifier, folder: Path, rows: Path, rounds: int) -> dict[str, Any]:
    """Measures with the small JPEGs of a folder."""
    paths = sorted(folder.rglob("*.jpg"))[:TINY]
    ways: dict[str, Callable[[], object]] = {
        "cnnkit": lambda: cnnkit_way(classifier, paths, rows),
        "plain loop": lambda: plain_loop(classifier, paths, 64),
    }
    return compare(ways, len(paths), rounds)


def measure_photos(classifier: OnnxClassifier, paths: list[Path], rows: Path, rounds: int) -> dict[str, Any]:
    """Measures with large photos, and counts the labels that their reduced scale changes."""
    ways: dict[str, Callable[[], object]] = {
        "cnnkit": lambda: cnnkit_way(classifier, paths, rows),
        "plain loop": lambda: plain_loop(classifier, paths, 1),
        "decoding alone, 2 threads": lambda: decoding_alone(classifier, paths),
    }
    figures = compare(ways, len(paths), rounds)
    exact = rows.with_name("exact.jsonl")
    cnnkit_way(classifier, paths, exact, exact=True)
    changed = sum(one != other for one, other in zip(labels_in(rows), labels_in(exact), strict=True))
    low, high = wilson_interval(changed, len(paths))
    click.echo(f"labels changed by the reduced scale: {changed} of {len(paths)}, 95 % interval {low:.1%} to {high:.1%}")
    return figures | {"labels_changed": changed, "images": len(paths), "low": low, "high": high}


def measure_folder(classifier: OnnxClassifier, folder: Path, count: int, rows: Path, rounds: int) -> dict[str, Any]:
    """Measures with photos of a folder, taken over again where there are too few, and with any network."""
    there = list_images(folder)
    paths = [there[index % len(there)] for index in range(count)]
    taken = classifier.spec.input
    batch = classifier.input_tensor(np.zeros((32, taken.height, taken.width, taken.channels), np.uint8))
    ways: dict[str, Callable[[], object]] = {
        "cnnkit": lambda: cnnkit_way(classifier, paths, rows),
        "plain loop": lambda: plain_loop(classifier, paths, 32),
        "decoding alone, 2 threads": lambda: decoding_alone(classifier, paths),
        "network alone": lambda: [classifier.run(batch) for _ in range(count // 32)],
    }
    return compare(ways, count, rounds) | {"images": count}


def main() -> None:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["photos", "tiny", "folder"])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=200, help="photos")
    parser.add_argument("--model", type=Path, default=bundled_model())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    classifier = OnnxClassifier(arguments.model)
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.jsonl")
        if arguments.what == "tiny":
            figures = measure_tiny(classifier, arguments.folder, rows, arguments.rounds)
        elif arguments.what == "folder":
            figures = measure_folder(classifier, arguments.folder, arguments.count, rows, arguments.rounds)
        else:
            paths = write_photos(Path(folder), arguments.count)
            figures = measure_photos(classifier, paths, rows, arguments.rounds)
    if arguments.json:
        click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
