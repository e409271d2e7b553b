"""Measures how much memory training from a folder of many images takes above training from one of a few.

    python tests/scripts/measure_memory.py --images 100000
    python tests/scripts/measure_memory.py --images 5000 --pixels 4000x3000 --defaults

The folder holds generated JPEGs in ten class folders: some hundred different ones, each under many names, since every
file is decoded anyway. `cnnkit train FOLDER --size 224 --epochs 1` runs as a process of its own, first on 50 images and
then on all of them, with the same batch size, and its peak resident memory is what the system says at its end; with
--defaults it is `cnnkit train FOLDER --epochs 1`. Exits with 1 where the difference is above --limit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

SIDE, CLASSES, DIFFERENT = 224, 10, 200
FEW = 50  # images of the run that everything is compared with


def write_images(folder: Path, count: int, width: int, height: int) -> None:
    """Writes JPEGs of so many pixels into class folders; files with the same pixels are hard links."""
    generator = np.random.default_rng(0)
    originals = []
    for index in range(min(count, DIFFERENT)):
        coarse = generator.integers(0, 256, (14, 14, 3), dtype=np.uint8)
        image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        path = folder / f"original-{index}.jpg"
        path.write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
        originals.append(path)
    for index in range(count):
        path = folder / "images" / f"class-{index % CLASSES}" / f"{index:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(originals[index % len(originals)], path)  # in one class alone


def train(images: Path, out: Path, arguments: list[str]) -> tuple[int, float]:
    """Trains in a process of its own.

    Returns:
        The peak of its resident memory in bytes, and how many seconds it took.
    """
    command = [sys.executable, "-m", "cnnkit", "train", str(images)]
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--out", str(out), *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the training of {images} failed")
    return usage.ru_maxrss * 1024, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--pixels", default=f"{SIDE}x{SIDE}", help="width and height of the images")
    parser.add_argument("--defaults", action="store_true", help="train with no other option but --epochs")
    parser.add_argument("--epochs", type=int, default=1, help="each of which reads all images once more")
    parser.add_argument("--limit", type=float, default=2.0, help="GiB above the run on a few images")
    parser.add_argument("--arch", default="mobilenet_v1", help="a small one, so that reading is most of the work")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    parser.add_argument("train_options", nargs="*", help="more options of cnnkit train, behind --")
    options = parser.parse_args()
    width, height = (int(number) for number in options.pixels.split("x"))
    chosen = ["--size", str(SIDE), "--arch", options.arch, "--batch-size", str(options.batch_size)]
    arguments = ["--epochs", str(options.epochs), *([] if options.defaults else chosen), *options.train_options]
    peaks = []
    with tempfile.TemporaryDirectory(prefix="cnnkit-memory-") as folder:
        for count in (FEW, options.images):
            images = Path(folder) / str(count)
            images.mkdir()
            write_images(images, count, width, height)
            peak, seconds = train(images / "images", Path(folder) / f"run-{count}", arguments)
            peaks.append(peak / 2**30)
            sys.stdout.write(f"{count:>9,} images  {peaks[-1]:6.3f} GiB at most  {seconds:7.1f} s\n")
    difference = peaks[1] - peaks[0]
    sys.stdout.write(f"difference         {difference:6.3f} GiB, limit {options.limit:g} GiB\n")
    if options.json:
        sys.stdout.write(json.dumps({"images": options.images, "difference_gib": difference}) + "\n")
    if difference > options.limit:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
