"""What Keras 2 wrote into .h5 files and Keras 3 no longer reads."""

from __future__ import annotations

from typing import Any

# What these wrote beside the settings of their two kernels, and never used.
_UNUSED = ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint")
_SEPARABLE = ("DepthwiseConv2D", "SeparableConv2D")


def legacy_objects(keras: Any) -> dict[str, Any]:
    """Returns layer classes, by name, that read configurations of Keras 2 and make layers of Keras 3.

    Keras 2 wrote depthwise convolutions with settings that said nothing; random layers with `rng_type`; the axis of
    batch normalisation in a list; and names with slashes in them.

    Args:
        keras: The module, version 3.
    """
    layers = vars(keras.layers).items()
    return {name: _reader(layer) for name, layer in layers if isinstance(layer, type) and name != "Layer"}


def with_plain_input(model: Any, keras: Any) -> Any:
    """Returns a Functional model that takes its one image as such: Keras 2 wrote lists of one."""
    if not isinstance(model, keras.Sequential) and len(model.inputs or ()) == len(model.outputs or ()) == 1:
        return keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    return model


def _reader(layer: Any) -> Any:
    def from_config(_: Any, config: dict[str, Any]) -> Any:
        return layer.from_config(_corrected(layer.__name__, config))

    return type(layer.__name__, (layer,), {"from_config": classmethod(from_config)})


def _corrected(layer: str, config: dict[str, Any]) -> dict[str, Any]:
    corrected = dict(config)
    corrected.pop("rng_type", None)
    if layer in _SEPARABLE and corrected.get("groups", 1) == 1:
        corrected = {key: value for key, value in corrected.items() if key not in _UNUSED}
    axis = corrected.get("axis")
    if layer == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        corrected["axis"] = axis[0]
    if "name" in corrected:
        corrected["name"] = str(corrected["name"]).replace("/", "_")
    return corrected
