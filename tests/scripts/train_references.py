"""Trains every reference network for the same few epochs on the same images, and writes the table of results.

    python tests/scripts/train_references.py cifar10-jpeg runs/references --epochs 3 --mixed-precision

Finished trainings are kept, one that was interrupted goes on: the command can be stopped and called again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

# Architecture, recipe.
NETWORKS = (
    *((name, name) for name in ("best", "vgg3_bn", "resnet8")),
    *((name, name) for name in ("bn3", "bn3_regularized", "bn2", "conv3_tuned")),
    *((name, name) for name in ("conv2", "vgg1", "vgg3", "vgg3_dropout", "vgg3_dropout_increasing")),
    *(("vgg2_wide", recipe) for recipe in ("vgg2_wide", "vgg2_wide_augmented")),
    *((name, name) for name in ("vgg2_wide_bn", "vgg3_deep_head", "model_s", "resnet20")),
)


def train(data: str, out: Path, architecture: str, recipe: str, options: list[str]) -> int:
    """Trains one network unless it is trained already, and returns the exit code."""
    if (out / "spec.json").exists() and (out / "metrics.json").exists():
        return 0
    begun = ["--resume"] if (out / "config.json").exists() else []
    command = [sys.executable, "-m", "cnnkit", "train", data, "--arch", architecture, "--recipe", recipe]
    return subprocess.run([*command, "--out", str(out), *options, *begun], check=False).returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mixed-precision", action="store_true")
    parser.add_argument("--output", type=Path, help="the table  [default: RESULTS.md in the folder]")
    options = parser.parse_args()
    given = ["--epochs", str(options.epochs), "--seed", str(options.seed)]
    given += ["--mixed-precision"] if options.mixed_precision else []
    runs = [(options.folder / recipe, architecture, recipe) for architecture, recipe in NETWORKS]
    failed = [out.name for out, *network in runs if train(options.data, out, *network, given)]
    table = options.output or options.folder / "RESULTS.md"
    folders = [str(out) for out, *_ in runs]
    written = subprocess.run([sys.executable, "-m", "cnnkit.train.results", *folders, "-o", str(table)], check=False)
    if failed:
        sys.exit(f"not trained: {', '.join(failed)}")
    sys.exit(written.returncode)


if __name__ == "__main__":
    main()
