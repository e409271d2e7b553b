"""A Keras model brought to one image in, channels last, and one row of numbers out, whatever its own shapes are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError


def shaped(model: Any, output_name: str | None, path: Path) -> Any:
    """Returns a model itself, or one around it that takes (N, H, W, C) and gives (N, K).

    Turned are channels that come first; inputs and outputs are taken out of dictionaries and lists, and outputs with
    axes of length 1, such as (N, 1, 1, K), are laid flat.

    Args:
        model: A keras.Model.
        output_name: Of several outputs, the one that gives the classes; None where there is one.
        path: Its file, for messages.

    Raises:
        UsageError: There are several outputs and none is named, or there is none of that name.
    """
    if len(getattr(model, "inputs", None) or []) != 1:
        return model  # a subclassed one, or one that is refused
    return _channels_last(_with_one_output(model, output_name, path))


def takes_channels_first(model: Any) -> bool:
    """Whether a model's one image has its channels first: 1 or 3 there, and not at the end."""
    inputs = getattr(model, "inputs", None) or []
    shape = tuple(inputs[0].shape)[1:] if len(inputs) == 1 else ()
    return len(shape) == 3 and shape[0] in (1, 3) and shape[2] not in (1, 3)


def _with_one_output(model: Any, wanted: str | None, path: Path) -> Any:
    import keras

    taken, outputs = _input(model), outputs_of(model)
    named = {name: tensor for name, tensor in outputs.items() if wanted in (None, name)}
    if len(named) != 1:
        listed = ", ".join(f"{name} {tuple(tensor.shape)}".replace("None", "?") for name, tensor in outputs.items())
        problem = f"has {len(outputs)} outputs" if wanted is None else f"has no output {wanted!r}"
        raise UsageError(f"{path} {problem}: say which with --output-name: {listed}")
    tensor = next(iter(named.values()))
    beside = len(tensor.shape) > 2 and sum(size != 1 for size in tensor.shape[1:]) == 1
    alone = not isinstance(taken, (dict, list, tuple)) and _given(model) is tensor
    if alone and not beside:
        return model
    if alone:
        tensor = model(model.inputs[0])  # the model itself is called: a SavedModel is in a process of its own
    return keras.Model(model.inputs[0], keras.layers.Flatten()(tensor) if beside else tensor)


def outputs_of(model: Any) -> dict[str, Any]:
    """Returns the outputs of a model with one input by name, whatever they lie in: "kind", or "heads/kind"."""
    import keras

    if isinstance(model, keras.Sequential):
        return {"output": model.outputs[0]}
    given = _given(model)
    if isinstance(given, dict):
        return dict(_leaves(given))
    return dict(zip(model.output_names, model.outputs, strict=True))


def _leaves(given: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yields what lies in dictionaries and lists, in their order."""
    if not isinstance(given, (dict, list, tuple)):
        yield "/".join(path), given
        return
    for name, inner in given.items() if isinstance(given, dict) else enumerate(given):
        yield from _leaves(inner, (*path, str(name)))


def _input(model: Any) -> Any:
    import keras

    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input


def _given(model: Any) -> Any:
    import keras

    return model.outputs[0] if isinstance(model, keras.Sequential) else model.output


def _channels_last(model: Any) -> Any:
    import keras

    if not takes_channels_first(model):
        return model
    channels, height, width = model.inputs[0].shape[1:]
    image = keras.Input((height, width, channels), dtype=model.inputs[0].dtype)
    return keras.Model(image, model(keras.layers.Permute((3, 1, 2))(image)))
