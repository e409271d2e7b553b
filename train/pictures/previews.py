"""What a training would see, drawn instead of trained: samples of its images, and what augmentation makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.system import check_new_file
from cnnkit.train.data import Dataset
from cnnkit.train.devices import prepare_devices
from cnnkit.train.fitting import AUGMENTATIONS, augment
from cnnkit.train.pictures.data import choose_samples, draw_samples
from cnnkit.train.pictures.image_grids import Cell, draw_cells, label_lines
from cnnkit.train.pictures.pictures import picture_text
from cnnkit.train.recipes import Recipe, TrainingRequest, load_images

_ORIGINALS, _VERSIONS = 8, 7
_NAMED, _NAMED_SHARE = 3, 0.005  # so many classes of an image are named, and those that have so much of it


def draw_previews(request: TrainingRequest, augmented: Path | None, samples: Path | None) -> tuple[Path, ...]:
    """Draws what is asked for.

    Args:
        request: The training.
        augmented: A PNG file for originals with augmented versions of them.
        samples: A PNG file for training images of every class.

    Returns:
        The files that were written.

    Raises:
        OutputError: A file exists already or cannot be written.
        DataError: The data cannot be trained on.
    """
    paths = tuple(path for path in (augmented, samples) if path is not None)
    for path in paths:
        check_new_file(path, overwrite=request.overwrite)
    dataset = load_images(request)
    prepare_devices(request.devices, request.seed)
    if samples is not None:
        draw_samples(dataset, request.color, request.seed, samples)
    if augmented is not None:
        _draw_augmented(dataset, request, augmented)
    return paths


def _draw_augmented(dataset: Dataset, request: TrainingRequest, path: Path) -> None:
    """Draws a row an image: itself, then as augmentation changes it, with the shares of its classes where mixed."""
    chosen = choose_samples(dataset.train, _ORIGINALS, _ORIGINALS, request.seed)[:_ORIGINALS]
    images, targets = dataset.train.read(chosen), dataset.train.targets[chosen]
    versions = augmented_versions(images, targets, len(dataset.labels), request.recipe, request.seed)
    mixed, cells = bool(request.recipe.mixup or request.recipe.cutmix), []
    for row, image in enumerate(images):
        cells.append(Cell(image, label_lines(f"original: {dataset.labels[targets[row]]}")))
        cells.extend(
            Cell(changed[row], _share_lines(shares[row], dataset.labels) if mixed else ())
            for changed, shares in versions
        )
    strengths = ", ".join(_strengths(request.recipe)) or "no augmentation"
    draw_cells(cells, 1 + _VERSIONS, request.color, f"recipe {request.recipe.name}: {strengths}", path)


def augmented_versions(
    images: NDArray[np.uint8], targets: NDArray[np.int64], classes: int, recipe: Recipe, seed: int
) -> list[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Runs the training's own augmentation over a batch, seven times.

    Args:
        images: (N, H, W, C) uint8.
        targets: (N,) index of the class.
        classes: How many there are.
        recipe: Which augmentation.
        seed: Of the layers.

    Returns:
        Each time (N, H, W, C) uint8 and (N, classes) the share of each class.
    """
    import keras

    image = keras.Input(images.shape[1:], dtype="uint8", name="image")
    target = keras.Input((classes,), dtype="float32", name="target")
    mixed = augment(image, target, recipe, seed)
    model = keras.Model({"image": image, "target": target}, (mixed["images"], mixed["labels"]))
    batch = {"image": images, "target": np.eye(classes, dtype=np.float32)[targets]}
    versions = []
    for _ in range(_VERSIONS):
        pixels, labels = (keras.ops.convert_to_numpy(part) for part in model(batch, training=True))
        versions.append((np.clip(np.rint(pixels), 0, 255).astype(np.uint8), np.asarray(labels, np.float32)))
    return versions


def _share_lines(shares: NDArray[np.float32], labels: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the classes that an image is mixed from with their shares, the largest first."""
    largest = [index for index in np.argsort(-shares, kind="stable")[:_NAMED] if shares[index] >= _NAMED_SHARE]
    return tuple(f"{picture_text(labels[index])} {100 * shares[index]:.0f} %" for index in largest)


def _strengths(recipe: Recipe) -> list[str]:
    wanted = {name: getattr(recipe, name) for name in AUGMENTATIONS}
    return [name if value is True else f"{name} {value:g}" for name, value in wanted.items() if value]
