"""Explains a network's answer to one image: what carried it, and what it is without that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from cnnkit.errors import ModelError, UsageError
from cnnkit.explaining.filling import mean_colour
from cnnkit.explaining.masks import masks_map
from cnnkit.explaining.network import Network
from cnnkit.explaining.occlusion import occlusion_map, patches
from cnnkit.explaining.perturbing import Perturbed
from cnnkit.explaining.region import hottest_part
from cnnkit.images import Window
from cnnkit.system import import_cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

Method = Literal["occlusion", "masks", "activation"]
# How methods compare, by tests/scripts/measure_explaining.py (deletion, lower is better; insertion, higher is better):
#   32 pixels, the bundled network, 150 photos (standard error 0.015): occlusion 0.28 and 0.72 in 0.1 s, 500 masks 0.25
#   and 0.77 in 0.6 s, activation 0.31 and 0.72; maps that have seen nothing 0.33 and 0.66.
#   224 pixels, EfficientNet-Lite0, 40 photos, occlusion's 0.21 and 0.53 in 1.2 s against activation's 0.20 and 0.52 in
#   0.2 s (the differences are within their errors) and 0.17 and 0.54 of 500 masks in 6 s.
# So masks are taken where they cost little, activation where it tells as much as occlusion, and occlusion else.
_LARGE = 96  # pixels of the longer side
_LEAST = 1e-3  # of a map by occlusion or masks, in log-odds: less is rounding


@dataclass(frozen=True)
class ExplainOptions:
    """How answers are explained."""

    method: Method | None = None  # None: masks for small images; else activation where there is a map, or occlusion
    masks: int = 500  # evaluations of the method "masks", at least 1
    batch_size: int = 32  # images run together
    seed: int = 0  # of the masks


@dataclass(frozen=True)
class Explanation:
    """What carried the probability of a class in one image."""

    method: Method
    evaluations: int  # images that the network was run on for it
    heat: NDArray[np.float32]  # (height, width) of the network's input, 0 to 1; all 0 where no part carries it
    part: Window | None  # the box around the hottest part, in pixels of the input; None where no part carries it
    without: NDArray[np.float32] | None  # (classes,) probabilities of the image with that box covered
    covered: NDArray[np.uint8] | None  # that image


def planned_evaluations(options: ExplainOptions, height: int, width: int) -> int:
    """Returns on how many images of its size a network is run for a map, where it shows no feature map of its own."""
    return 1 + (options.masks if _by_masks(options, height, width) else patches(height, width))


def explain_image(
    network: Network,
    image: NDArray[np.uint8],
    index: int,
    options: ExplainOptions,
    *,
    photo: Window | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> Explanation:
    """Explains the probability of a class.

    Args:
        network: What answered.
        image: (height, width, channels) uint8 of its size and colour order.
        index: Of the class.
        options: How.
        photo: Where in the image the photo lies, without padding; None for all of it.
        advance: Is told after each batch how many images the network was run on.

    Raises:
        UsageError: The method is "activation", and the network has no feature map to show.
        ModelError: An answer is not finite.
    """
    photo = photo or Window(0, 0, image.shape[0], image.shape[1])
    batch_size = options.batch_size
    perturbed = Perturbed(network, image, mean_colour(image, photo), index, batch_size=batch_size, advance=advance)
    method, raw = _find_map(network, image, index, options, perturbed)
    if not np.isfinite(raw).all():
        raise ModelError("an answer to the image with a part covered is not finite: train or export the model again")
    heat = _on_photo(raw, perturbed, photo)
    part = hottest_part(heat)
    if part is None:
        return Explanation(method, perturbed.evaluations, heat, None, None, None)
    covered = perturbed.covered(part)
    without = network.probabilities(covered[None])[0]
    return Explanation(method, perturbed.evaluations, heat, part, without, covered)


def _find_map(
    network: Network, image: NDArray[np.uint8], index: int, options: ExplainOptions, perturbed: Perturbed
) -> tuple[Method, NDArray[np.float32]]:
    """Returns the map of whatever size that a method gives, where values above 0 speak for the class."""
    by_masks = _by_masks(options, perturbed.height, perturbed.width)
    if not by_masks and options.method in (None, "activation"):
        shown = None if network.activation is None else network.activation(image, index)
        if shown is not None:
            return "activation", shown
        if options.method == "activation":
            raise UsageError(
                "the method activation takes a Keras model with a feature map before its answer, and this one shows "
                "none: take occlusion or masks, which need answers alone"
            )
    found = masks_map(perturbed, options.masks, options.seed) if by_masks else occlusion_map(perturbed)
    return "masks" if by_masks else "occlusion", np.where(found < _LEAST, np.float32(0), found)


def _by_masks(options: ExplainOptions, height: int, width: int) -> bool:
    return options.method == "masks" or (options.method is None and max(height, width) < _LARGE)


def _on_photo(raw: NDArray[np.float32], perturbed: Perturbed, photo: Window) -> NDArray[np.float32]:
    """Brings a map to the image's size and to 0 to 1, and leaves out what lies beside the photo."""
    size = perturbed.width, perturbed.height
    large = import_cv2().resize(np.maximum(raw, 0), size, interpolation=import_cv2().INTER_LINEAR)
    heat = np.zeros((perturbed.height, perturbed.width), np.float32)
    heat[photo.slices] = large[photo.slices]
    hottest = heat.max()
    return heat / hottest if hottest > 0 else heat
