"""The model spec of an ONNX file without one: of what its shapes and metadata settle, and what the user says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, cast

from cnnkit.errors import ModelError, UsageError
from cnnkit.foreign.flags import InputFlags, Said, per_channel
from cnnkit.foreign.labels import parse_labels
from cnnkit.foreign.metadata import metadata_labels
from cnnkit.spec import Dtype, InputSpec, ModelSpec, TensorFacts

Read = TypeVar("Read")
_DTYPES = ("uint8", "float32", "float16")


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
        """
        named = [one for one in self.outputs if name in (None, one.name)]
        if len(named) == 1:
            return named[0]
        listed = ", ".join(f"{one.name} {_shown(one.shape)}" for one in self.outputs)
        if name is None:
            raise UsageError(f"{self.path} has {len(self.outputs)} outputs: say which with --output-name: {listed}")
        raise UsageError(f"{self.path} has no output {name!r}, expected --output-name to be one of: {listed}")


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
    shape = () if output is None else output.shape
    count = shape[-1] if shape and isinstance(shape[-1], int) else None
    if said.labels is None:
        found = metadata_labels(model.metadata, count)
        if found is None:
            raise UsageError(
                f"{model.path} does not say its class names: add --labels, a file of names or a,b,c in output order"
            )
        return found
    labels = parse_labels(said.labels)
    if count is not None and count != len(labels):
        raise UsageError(f"{model.path} gives {count} numbers an image and there are {len(labels)} labels")
    return labels


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
    if flags.color is not None and (flags.color == "gray") != (channels == 1):
        raise UsageError(f"--color {flags.color} does not fit {model.path}, which takes {channels} channels")
    spec = InputSpec(
        height,
        width,
        channels,
        color=flags.color or ("gray" if channels == 1 else "rgb"),
        layout="nchw" if layout == "nchw" else "nhwc",
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
    return replace(
        spec,
        dtype=cast(Dtype, taken.dtype),
        scale=1.0 if flags.scale is None else flags.scale,
        mean=per_channel("--mean", flags.mean or (0.0,), spec.channels),
        std=per_channel("--std", flags.std or (1.0,), spec.channels),
    )


def _image_shape(taken: TensorFacts, flags: InputFlags, path: Path) -> tuple[str, int, int, int]:
    """Returns layout, height, width and channels."""
    shape = taken.shape
    first, last = (len(shape) == 4 and shape[axis] in (1, 3) for axis in (1, 3))
    if first == last:
        raise ModelError(
            f"{path} takes {shape}, expected (batch, height, width, channels) or (batch, channels, height, width) "
            "with 1 or 3 channels"
        )
    sizes = shape[2:] if first else shape[1:3]
    channels = shape[1] if first else shape[3]
    wanted = flags.size or (None, None)
    found = [size if isinstance(size, int) else want for size, want in zip(sizes, wanted, strict=True)]
    height, width = found
    if not isinstance(height, int) or not isinstance(width, int) or not isinstance(channels, int):
        raise UsageError(f"{path} does not say its input size: add --size HEIGHTxWIDTH")
    if flags.size is not None and flags.size != (height, width):
        raise UsageError(f"--size {wanted[0]}x{wanted[1]} does not fit {path}, which takes {height}x{width}")
    return ("nchw" if first else "nhwc"), height, width, channels
