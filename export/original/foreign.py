"""A Keras file from elsewhere: what its layers settle is taken from them, what they do not settle must be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnnkit.errors import ModelError, UsageError
from cnnkit.export.original.scaling import Seen, are_usual, ranges_seen, settled_scale
from cnnkit.foreign import InputFlags, said_scaling
from cnnkit.spec import LARGEST_SIDE, InputSpec
from cnnkit.system import log


def describe_input(
    model: Any, flags: InputFlags, path: Path, *, scaling_known: bool = False, tried: bool = False
) -> InputSpec:
    """Returns the spec of a Keras model's input.

    Args:
        model: A keras.Model.
        flags: What the user said.
        path: Its file, for messages.
        scaling_known: Whether what is not said of the scaling is not needed: pixels are then taken as they are.
        tried: Whether labelled images tell if what is said is right, whatever the model's layers say.

    Raises:
        ModelError: The model does not take one image, channels last, or cannot be called.
        UsageError: The size or the scaling is neither in the model nor said, or is said otherwise than the model has
            it.
    """
    height, width, channels, dtype = _image_shape(model, flags, path)
    if flags.color is not None and (flags.color == "gray") != (channels == 1):
        raise UsageError(f"--color {flags.color} does not fit {path}, which takes {channels} channels")
    taken = InputSpec(
        height=height,
        width=width,
        channels=channels,
        color=flags.color or ("gray" if channels == 1 else "rgb"),
        dtype="uint8" if dtype == "uint8" else "float32",
        resize=flags.resize or "squash",
        interpolation=flags.interpolation or "area",
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )
    if dtype == "uint8":
        if flags.says_scaling():
            raise UsageError(f"{path} takes uint8 pixels as they are: leave out --scale, --mean and --std")
        return taken
    if flags.says_scaling():
        return _said(model, taken, flags, dtype, path, tried=tried)
    return _computed(model, taken, path, scaling_known=scaling_known)


def _said(model: Any, taken: InputSpec, flags: InputFlags, dtype: str, path: Path, *, tried: bool) -> InputSpec:
    scale, mean, std = said_scaling(flags, taken.channels)
    said = replace(taken, scale=scale, mean=mean, std=std)
    if "int" in dtype and not all(number.is_integer() for number in (said.scale, *said.mean, *said.std)):
        raise UsageError(f"{path} takes {dtype}, whole numbers: --scale, --mean and --std must be whole, too")
    settled = None if tried else settled_scale(model, taken)
    if settled is not None:
        seen = ranges_seen(model, said)
        if not are_usual(seen):
            raise UsageError(
                f"{path} scales its input itself, and with what is said its first layer sees {_shown(seen)}, expected "
                f"{_shown(ranges_seen(model, replace(taken, scale=settled)))}: leave out --scale, --mean and --std, or "
                "add --data DIR, which tries both on labelled images"
            )
    return said


def _computed(model: Any, taken: InputSpec, path: Path, *, scaling_known: bool) -> InputSpec:
    settled = settled_scale(model, taken)
    if settled is not None:
        scaled = replace(taken, scale=settled)
        if settled != 1:
            log.info("pixels from 0 to 1: of them the first layer makes %s", _shown(ranges_seen(model, scaled)))
        return scaled
    if scaling_known:
        return taken
    seen = ranges_seen(model, taken)
    why = f" (of pixels from 0 to 255 its first layer sees {_shown(seen)})" if seen else ""
    raise UsageError(
        f"how {path} wants its pixels is unknown{why}: say --scale (1/255 for inputs from 0 to 1, 1 for 0 "
        "to 255), and --mean and --std; --data DIR tries the usual ways"
    )


def _shown(seen: Sequence[Seen]) -> str:
    """Names the widest range."""
    return str(max(seen, key=lambda one: one.high - one.low, default="what cannot be told"))


def _image_shape(model: Any, flags: InputFlags, path: Path) -> tuple[int, int, int, str]:
    """Returns height, width, channels and dtype of the model's one input."""
    inputs = getattr(model, "inputs", None) or []
    outputs = getattr(model, "outputs", None) or []
    if len(inputs) > 1 or len(outputs) > 1:
        raise ModelError(f"{path} has {len(inputs)} inputs and {len(outputs)} outputs, expected one of each")
    # A subclassed model does not know its input before it is called.
    shape = tuple(inputs[0].shape)[1:] if inputs else (None, None, 1 if flags.color == "gray" else 3)
    dtype = str(inputs[0].dtype) if inputs else "float32"
    if len(shape) == 3 and 4 in (shape[0], shape[2]):
        raise ModelError(f"{path} takes images of 4 channels, expected 3 (colour) or 1 (gray)")
    if flags.layout is not None:
        raise UsageError(f"{path} shows itself where its channels are: leave out --layout")
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise ModelError(
            f"{path} takes {shape} for an image, expected (height, width, channels) or (channels, height, width) with "
            "1 or 3 channels"
        )
    height, width = flags.size or (shape[0], shape[1])
    if height is None or width is None:
        raise UsageError(f"{path} does not say its input size: add --size HEIGHTxWIDTH")
    if shape[0] not in (None, height) or shape[1] not in (None, width):
        raise UsageError(f"--size {height}x{width} does not fit {path}, which takes {shape[0]}x{shape[1]}")
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
        raise ModelError(f"{path} takes images of {height}x{width}, expected 1 to {LARGEST_SIDE} pixels a side")
    return height, width, shape[2], dtype
