"""How a Keras model scales its own input, computed: what enters its first layers with a kernel, for known images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.original.calling import call_model
from cnnkit.export.original.hidden import hidden_graph
from cnnkit.images import prepare_batch
from cnnkit.runtime import called_instead, flat_layers
from cnnkit.spec import InputSpec

_BRIGHTNESSES = 6
_BYTES, _UNIT = 1.0, 1 / 255  # scales of pixels that are given from 0 to 255, and from 0 to 1
_ABOUT = 0.05  # of a range
_WIDTHS = (1.0, 20.0)  # of a range around zero: -0.5 to 0.5, and ten deviations of dark photos to either side
_INSIDE = (0.02, 0.98)  # where zero may lie in such a range, as a fraction of it
_BY_HAND = ((0, 1), (-1, 1), (-0.5, 0.5))
_BY_DEVIATION = 2.3  # deviations from black to white: those of pixels from 0 to 1 are 0.2 to 0.4, of -1 to 1 twice that


@dataclass(frozen=True)
class Seen:
    """The range of what one channel of a layer's input holds, for pixels from 0 to 255."""

    low: float
    high: float

    def is_usual(self) -> bool:
        """Whether networks are trained on such numbers: 0 to 1, or zero mean and about unit spread, as -1 to 1."""
        width = self.high - self.low
        if self.is_about(0, 1):
            return True
        return _WIDTHS[0] * (1 - _ABOUT) <= width <= _WIDTHS[1] and _INSIDE[0] <= -self.low / width <= _INSIDE[1]

    def is_of_unit(self) -> bool:
        """Whether pixels from 0 to 1 were brought to this range, not others of which those are the brighter half.

        What learnt its mean and deviation from -1 to 1 makes a narrow range around zero of 0 to 1, too.
        """
        return self.high - self.low >= _BY_DEVIATION or any(self.is_about(*one) for one in _BY_HAND)

    def is_about(self, low: float, high: float) -> bool:
        """Whether the range is that one, but for some of its ends."""
        margin = _ABOUT * (high - low)
        return abs(self.low - low) <= margin and abs(self.high - high) <= margin

    def __str__(self) -> str:
        return f"{self.low:.3g} to {self.high:.3g}"


def settled_scale(model: Any, taken: InputSpec) -> float | None:
    """Returns the scale of the pixels that a model wants, as far as its own layers settle it.

    A Rescaling or a Normalization does not say whether it takes pixels from 0 to 255 or from 0 to 1: what leaves it
    does. One of both, and not the other, must come out as networks are trained, on every way to a kernel.

    Args:
        model: A keras.Model.
        taken: Size and channels of its input; how it is scaled is not looked at.

    Returns:
        1 for pixels from 0 to 255, 1/255 for those from 0 to 1; None where no layer scales, or neither is settled.

    Raises:
        ModelError: The model cannot be called.
    """
    plain = replace(taken, dtype="float32", mean=(), std=())
    usual = []
    for scale in (_BYTES, _UNIT):
        seen = ranges_seen(model, replace(plain, scale=scale))
        if seen and all(one.is_about(0, 255 * scale) for one in seen):
            return None  # nothing was scaled on the way
        if are_usual(seen) and (scale == _BYTES or any(one.is_of_unit() for one in seen)):
            usual.append(scale)
    return usual[0] if len(usual) == 1 else None


def are_usual(seen: Sequence[Seen]) -> bool:
    """Whether there are ranges, and networks are trained on all of them."""
    return bool(seen) and all(one.is_usual() for one in seen)


def ranges_seen(model: Any, taken: InputSpec) -> list[Seen]:
    """Returns the range of every channel that enters a first layer with a kernel, for images of all brightnesses.

    Raises:
        ModelError: The model cannot be called.
    """
    tensor = prepare_batch(_greys(taken), taken)
    return [one for values in _entering(model, tensor) for one in _channels(values, taken.channels)]


def _greys(taken: InputSpec) -> NDArray[np.uint8]:
    """Returns images of one brightness each, from black to white: no resizing, border or pooling changes those."""
    levels = np.linspace(0, 255, _BRIGHTNESSES).round().astype(np.uint8)
    return np.tile(levels[:, None, None, None], (1, taken.height, taken.width, taken.channels))


def _entering(model: Any, tensor: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Returns what the layers with a kernel take that have no other such layer in front of them.

    Those are the ones that take the same when all of them answer with zeros.
    """
    hidden = hidden_graph(model, tensor)
    if hidden is not None:
        return [value.astype(np.float32) for value in hidden.values(hidden.before_kernels(), tensor)]
    layers = list(_with_kernel(model))
    before, after = (_inputs_of(layers, model, tensor, change) for change in (lambda answer: answer, _zeros))
    pairs = zip(before, after, strict=False)
    return [taken for taken, other in pairs if taken.shape == other.shape and (taken == other).all()]


def _with_kernel(model: Any) -> Iterator[Any]:
    """Yields the layers whose weights have more than one axis; those of a Normalization, one a pixel, are no kernel."""
    for layer in {id(layer): layer for layer in flat_layers(model)}.values():
        if type(layer).__name__ != "Normalization" and any(len(weight.shape) > 1 for weight in layer.weights):
            yield layer


def _inputs_of(
    layers: list[Any], model: Any, tensor: NDArray[Any], change: Callable[[Any], Any]
) -> list[NDArray[np.float32]]:
    """Returns what each call of the layers takes, in order, while their answers are changed."""
    inputs: list[NDArray[np.float32]] = []

    def watched(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        inputs.append(np.asarray((*arguments, *options.values())[0], np.float32))
        return change(call(*arguments, **options))

    with ExitStack() as watching:
        for layer in layers:
            watching.enter_context(called_instead(layer, watched))
        call_model(model, tensor)
    return inputs


def _zeros(answer: Any) -> Any:
    import keras

    return keras.tree.map_structure(keras.ops.zeros_like, answer)


def _channels(values: NDArray[np.float32], channels: int) -> Iterator[Seen]:
    """Yields the range of each channel, or of all values where the last axis holds no channels.

    What is the same for every image, such as a border, is left out. The median over the pixels of an image counts:
    those that never varied while a Normalization was adapted become huge.
    """
    varied = np.ptp(values, axis=0) > 0
    split = values.ndim == 4 and values.shape[-1] == channels
    for index in range(channels) if split else [...]:
        which = (..., index) if split else ...
        found = values[which][:, varied[which]]
        if found.size:
            middle = np.median(found, axis=1)
            yield Seen(float(middle.min()), float(middle.max()))
