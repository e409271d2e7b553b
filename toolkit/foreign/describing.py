"""The model spec of an ONNX file without one: of what its shapes and metadata settle, and what the user says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, cast

from cnnkit.errors import ModelError, UsageError
from cnnkit.foreign.flags import InputFlags, Said, said_scaling
from cnnkit.foreign.labels import parse_labels
from cnnkit.foreign.metadata import metadata_labels
from cnnkit.spec import LARGEST_SIDE, Dtype, InputSpec, Layout, ModelSpec, TensorFacts

Read = TypeVar("Read")
_CHANNELS: dict[Layout, int] = {"nhwc": 3, "nchw": 1}  # the axis they stand on
_NO_NUMBERS = ("seq(", "map(", "optional(", "string")  # in the names of types
_DTYPES = ("uint8", "float32", "float16")
_ANSWERS = ("float32", "float16", "tensor(double)")


@dataclass(frozen=True)
class ForeignModel:
    """What a file says of itself."""

    path: Path  # for messages
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    metadata: Mapping[str, str]

    def output(self, name: str | None) -> TensorFacts:
        """Returns the output of a name, or the only one.

        Raises:
            UsageError: There is none of that name, or there are several and none is named.
            ModelError: It gives no numbers.
        """
        named = [one for one in self.outputs if name in (None, one.name)]
        if len(named) == 1:
            _refuse_others_than_numbers(named[0], self.path)
            return named[0]
        listed = ", ".join(f"{one.name} {_shown(one.shape)}" for one in self.outputs)
        if name is None:
            raise UsageError(f"{self.path} has {len(self.outputs)} outputs: say which with --output-name: {listed}")
        raise UsageError(f"{self.path} has no output {name!r}, expected --output-name to be one of: {listed}")


def _refuse_others_than_numbers(output: TensorFacts, path: Path) -> None:
    """Refuses what classifiers of tables give, a dictionary an image, texts, and whole numbers, whose scale is lost.

    Raises:
        ModelError: It gives something of that kind.
    """
    if any(kind in output.dtype for kind in _NO_NUMBERS):
        raise ModelError(
            f"{path} gives {output.dtype} as {output.name}, expected a tensor of numbers: export it without a ZipMap "
            "and without the names of classes, or say another output with --output-name"
        )
    if output.dtype not in _ANSWERS:
        raise ModelError(
            f"{path} gives {output.dtype} as {output.name}, expected probabilities or logits in float32: export it "
            "with an output of floats, or say another output with --output-name"
        )


def foreign_spec(model: ForeignModel, said: Said) -> ModelSpec:
    """Returns the spec of a model, with its output still taken for probabilities.

    Raises:
        ModelError: It is no model of one image.
        UsageError: What it does not settle is not said, or is said otherwise than the file has it: all in one line.
    """
    asked: list[str] = []
    output = _ask(asked, lambda: model.output(said.output_name))
    taken = _ask(asked, lambda: foreign_input(model, said.input))
    labels = _ask(asked, lambda: foreign_labels(model, output, said))
    if taken is None or labels is None or asked:
        raise UsageError("; ".join(asked))
    return ModelSpec(labels, taken)


def _ask(asked: list[str], read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except UsageError as error:
        asked.append(str(error))
        return None


def foreign_labels(model: ForeignModel, output: TensorFacts | None, said: Said) -> tuple[str, ...]:
    """Returns the class names that are said, or else those in the metadata.

    Args:
        model: The file.
        output: The output that gives the classes; None where that is not known yet.
        said: What the user says.

    Raises:
        UsageError: There are none, or not as many as outputs.
    """
    given = None if output is None else class_count(output.shape, model.inputs[0].shape if model.inputs else ())
    count = 2 if given == 1 else given
    if said.labels is None:
        found = metadata_labels(model.metadata, count)
        if found is None:
            raise UsageError(
                f"{model.path} does not say its class names: add --labels, a file of names or a,b,c in output order"
            )
        return found
    labels = parse_labels(said.labels)
    if given is not None:
        check_count(given, labels, model.path)
    return labels


def check_count(given: int, labels: tuple[str, ...], path: Path) -> None:
    """Checks that there are as many labels as numbers an image, or two of one number.

    Raises:
        UsageError: There are not.
    """
    if (2 if given == 1 else given) != len(labels):
        what = "one number an image, which tells two labels apart," if given == 1 else f"{given} numbers an image"
        raise UsageError(f"{path} gives {what} and there are {len(labels)} labels")


def _shown(shape: tuple[int | str | None, ...]) -> str:
    return f"({', '.join('?' if size is None else str(size) for size in shape)})"


def foreign_input(model: ForeignModel, flags: InputFlags) -> InputSpec:
    """Returns what the model takes.

    Raises:
        ModelError: It is no model of one image.
        UsageError: Its size or its scaling is neither in the file nor said, or is said otherwise than the file has it.
    """
    if len(model.inputs) != 1:
        raise ModelError(f"{model.path} has {len(model.inputs)} inputs, expected one: the image")
    taken = model.inputs[0]
    if taken.dtype not in _DTYPES:
        raise ModelError(f"{model.path} takes {taken.dtype}, expected {', '.join(_DTYPES)}")
    layout, height, width, channels = _image_shape(taken, flags, model.path)
    if taken.shape[0] == 0:
        raise ModelError(f"{model.path} takes {_shown(taken.shape)}, no image at a time, expected 1 or more")
    if flags.color is not None and (flags.color == "gray") != (channels == 1):
        raise UsageError(f"--color {flags.color} does not fit {model.path}, which takes {channels} channels")
    spec = InputSpec(
        height,
        width,
        channels,
        color=flags.color or ("gray" if channels == 1 else "rgb"),
        layout=layout,
        resize=flags.resize or "squash",
        interpolation=flags.interpolation or "area",
    )
    return _scaled(spec, taken, flags, model.path)


def _scaled(spec: InputSpec, taken: TensorFacts, flags: InputFlags, path: Path) -> InputSpec:
    if taken.dtype == "uint8":
        if flags.says_scaling():
            raise UsageError(f"{path} takes uint8 pixels as they are: leave out --scale, --mean and --std")
        return spec
    if not flags.says_scaling():
        raise UsageError(
            f"how {path} wants its pixels is unknown: say --scale (1/255 for inputs from 0 to 1, 1 for 0 to 255), and "
            "--mean and --std where it has them"
        )
    scale, mean, std = said_scaling(flags, spec.channels)
    return replace(spec, dtype=cast(Dtype, taken.dtype), scale=scale, mean=mean, std=std)


def class_count(shape: tuple[int | str | None, ...], image: tuple[int | str | None, ...] = ()) -> int | None:
    """Returns how many numbers an output of an image holds, (batch, K), (batch, K, 1, 1), (batch, 1, K) or (batch,).

    Args:
        shape: Of the output.
        image: Of the input: of a graph that takes one image at a time, (K,) is K numbers.
    """
    if len(shape) == 1 and image[:1] == (1,):
        shape = (1, *shape)
    sizes = [size for size in shape[1:] if size != 1] or ([1] if shape else [])
    return sizes[0] if len(sizes) == 1 and isinstance(sizes[0], int) else None


def _image_shape(taken: TensorFacts, flags: InputFlags, path: Path) -> tuple[Layout, int, int, int]:
    """Returns layout, height, width and channels."""
    layout = _layout(taken.shape, flags, path)
    shape = taken.shape if layout == "nhwc" else (taken.shape[0], *taken.shape[2:], taken.shape[1])
    channels = shape[3] if isinstance(shape[3], int) else 1 if flags.color == "gray" else 3
    wanted = flags.size or (None, None)
    height, width = (size if isinstance(size, int) else want for size, want in zip(shape[1:3], wanted, strict=True))
    if height is None or width is None:
        raise UsageError(f"{path} does not say its input size: add --size HEIGHTxWIDTH")
    if flags.size is not None and flags.size != (height, width):
        raise UsageError(f"--size {wanted[0]}x{wanted[1]} does not fit {path}, which takes {height}x{width}")
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
        raise ModelError(f"{path} takes images of {height}x{width}, expected 1 to {LARGEST_SIDE} pixels a side")
    return layout, height, width, channels


def _layout(shape: tuple[int | str | None, ...], flags: InputFlags, path: Path) -> Layout:
    """Returns where the channels stand, which 1 or 3 shows, and the user says where both or neither may be."""
    fitting = [one for one, axis in _CHANNELS.items() if len(shape) == 4 and _may_be_channels(shape[axis])]
    shown = [one for one in fitting if isinstance(shape[_CHANNELS[one]], int)]
    if not fitting:
        raise ModelError(_no_image(shape, path))
    if flags.layout is not None:
        if flags.layout not in fitting:
            raise UsageError(f"--layout {flags.layout} does not fit {path}, which takes {_shown(shape)}")
        return flags.layout
    if len(shown) != 1:
        raise UsageError(
            f"{path} takes {_shown(shape)}, which does not show where its channels are: say --layout nchw for (batch, "
            "channels, height, width), --layout nhwc for (batch, height, width, channels)"
        )
    return shown[0]


def _may_be_channels(size: int | str | None) -> bool:
    return size in (1, 3) or not isinstance(size, int)


def _no_image(shape: tuple[int | str | None, ...], path: Path) -> str:
    several = next((size for size in (*shape[1:2], *shape[3:4]) if size in (2, 4)), None)
    if len(shape) == 4 and several is not None:
        return f"{path} takes {_shown(shape)}, images of {several} channels, expected 3 (colour) or 1 (gray)"
    return (
        f"{path} takes {_shown(shape)}, expected (batch, height, width, channels) or (batch, channels, height, width) "
        "with 1 or 3 channels"
    )
