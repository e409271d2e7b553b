"""Measures what the bundled files answer on emulated 64-bit ARM CPUs, and how that differs from this machine.

    sudo python tests/scripts/measure_arm.py FOLDER              # a folder per class, such as cifar10-jpeg/test
    sudo python tests/scripts/measure_arm.py FOLDER --count 500

qemu-user runs the ARM wheels below a Debian root, which tests/scripts/arm_root.py describes: what is computed is what
an ARM CPU computes, how long it takes is not, so no times are measured. The exit code is 1 where a label changes, or a
probability by more than the file's limit.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import click
from emulation.answers import Answer, Difference, compare, read_answers
from emulation.cores import CORES, Core
from emulation.errors import EmulationError
from emulation.machine import CNNKIT, ArmMachine, Seen, arm_machine

MODELS = Path(__file__).resolve().parents[2] / "toolkit" / "models"
# File -> how far a probability may be from that on this machine.
LIMITS = {"best.int8.onnx": 0.005, "best.onnx": 1e-4}
COUNT = 200


def chosen_images(folder: Path, count: int) -> list[Path]:
    """Returns images of a folder with a folder per class: of each class the first ones, as many of each as can be.

    Raises:
        ValueError: There are too few.
    """
    classes = [sorted(below.glob("*.jpg")) for below in sorted(folder.iterdir()) if below.is_dir()]
    turns = [
        images[turn] for turn in range(max(map(len, classes), default=0)) for images in classes if turn < len(images)
    ]
    if len(turns) < count:
        raise ValueError(f"{folder} has {len(turns)} JPEG files in a folder per class, expected {count} at least")
    return turns[:count]


def copy_images(images: list[Path], folder: Path) -> None:
    """Copies images into a new folder, under names that say their class."""
    folder.mkdir()
    for number, image in enumerate(images):
        shutil.copy(image, folder / f"{number:05}-{image.parent.name}.jpg")


def predict_arguments(model: Path) -> list[str]:
    """Returns the arguments of cnnkit that give all probabilities of the images in the folder at hand."""
    return ["-q", "predict", ".", "--model", str(model), "--top-k", "1000", "--format", "jsonl"]


def answers_here(images: Path, model: str) -> dict[str, Answer]:
    """Returns what a file of the bundled model answers on this machine."""
    command = [sys.executable, "-m", "cnnkit", *predict_arguments(MODELS / model)]
    return _answers(subprocess.run(command, cwd=images, capture_output=True, text=True, check=False))


def answers_there(machine: ArmMachine, core: Core, images: Path, model: str) -> dict[str, Answer]:
    """Returns what it answers on an emulated CPU."""
    seen = Seen({"mnt/images": images, "mnt/models": MODELS}, start="/mnt/images")
    return _answers(machine.run(core, [*CNNKIT, *predict_arguments(Path("/mnt/models", model))], seen))


def _answers(done: subprocess.CompletedProcess[str]) -> dict[str, Answer]:
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["nothing was printed"]
        raise EmulationError(f"cnnkit predict ended with exit code {done.returncode}: {said[-1]}")
    return read_answers(done.stdout)


def report(core: Core, model: str, found: Difference) -> bool:
    """Prints a line, and returns whether the file is within its limit."""
    within = not found.label_changes and found.max_probability_difference <= LIMITS[model]
    click.echo(
        f"{core.name:12} {model:16} {found.label_changes:6} {found.differing:9} "
        f"{found.max_probability_difference:10.1e} {'' if within else ' above the limit'}".rstrip()
    )
    return within


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, help="a folder with a folder per class")
    parser.add_argument("--count", type=int, default=COUNT, help=f"how many of them  [default: {COUNT}]")
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    try:
        images = chosen_images(arguments.images, arguments.count)
        with arm_machine() as machine, tempfile.TemporaryDirectory() as folder:
            copy_images(images, Path(folder, "images"))
            found, good = measure(machine, Path(folder, "images"))
    except (EmulationError, ValueError) as error:
        click.echo(f"measure_arm.py: {error}", err=True)
        return 1
    except KeyboardInterrupt:
        return 130
    if arguments.json:
        click.echo(json.dumps({"images": len(images), "emulated": found}))
    return int(not good)


def measure(machine: ArmMachine, images: Path) -> tuple[list[dict[str, object]], bool]:
    """Compares both files on every CPU, and returns what was found and whether all is within the limits."""
    click.echo(f"{'core':12} {'file':16} labels differing difference  of {len(list(images.iterdir()))} images")
    found, good = [], True
    for model in LIMITS:
        here = answers_here(images, model)
        for core in CORES:
            difference = compare(here, answers_there(machine, core, images, model))
            good &= report(core, model, difference)
            found.append({"core": core.name, "file": model} | asdict(difference))
    return found, good


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what runs as well
    sys.exit(main())
