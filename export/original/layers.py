"""What a Keras model's layers say about it: how it ends, in what precision it computes."""

from __future__ import annotations

from typing import Any

from cnnkit.runtime import flat_layers, guest_of

CALL = "StatefulPartitionedCall"  # of the function of a SavedModel
_POLICY_CLASSES = {"DTypePolicy", "FloatDTypePolicy", "Policy"}


def final_layer(model: Any) -> Any:
    """Returns the layer that makes a model's output, inside of a nested model, too; None where it cannot be told."""
    return _maker_of(next(iter(getattr(model, "outputs", None) or ()), None))


def _maker_of(tensor: Any) -> Any:
    """Returns the layer that makes a tensor; of a nested model the one behind that output of it."""
    history = getattr(tensor, "_keras_history", None)
    if history is None:
        return None
    layer = history.operation
    if not hasattr(layer, "layers"):
        return layer
    given = getattr(layer, "outputs", None) or ()
    return _maker_of(given[history.tensor_index]) if history.tensor_index < len(given) else None


def layer_of(model: Any, node: str) -> str | None:
    """Returns the name of the layer that a TensorFlow node belongs to: "head/conv2d_1/Gelu/Erfc" -> "conv2d".

    Keras makes names distinct by appending numbers, so a part of the path names a layer also with a number behind it.
    Of a SavedModel, whose layers Keras does not know, it is the part below the model's own in which the node lies.
    """
    parts = node.split("/")
    if CALL in parts[:-1]:
        inside = [part for part in parts[len(parts) - parts[::-1].index(CALL) : -1] if part]
        return next(iter(inside[1:] or inside), None)
    names = {layer.name for layer in flat_layers(model)} if guest_of(model) is None else set()  # that is ours
    for part in parts:
        stem, _, number = part.rpartition("_")
        if part in names:
            return part
        if number.isdigit() and stem in names:
            return stem
    return None


def in_float32(model: Any) -> Any:
    """Returns the model itself where it takes and computes float32, else a copy that does, with the same weights."""
    computes = all(_policy(layer) in ("float32", None) for layer in (model, *flat_layers(model)))
    if computes and not any(str(taken.dtype).endswith("float16") for taken in getattr(model, "inputs", None) or ()):
        return model
    if guest_of(model) is not None:  # a SavedModel, whose layers cannot be told
        return model
    import keras

    config = _with_float32(keras.saving.serialize_keras_object(model))
    config.pop("compile_config", None)
    copy = keras.saving.deserialize_keras_object(config)
    copy.set_weights(model.get_weights())
    return copy


def _policy(layer: Any) -> str | None:
    name: str | None = getattr(getattr(layer, "dtype_policy", None), "compute_dtype", None)
    return name


def _with_float32(config: Any) -> Any:
    """Copies a Keras configuration with every dtype policy replaced by float32."""
    if isinstance(config, list):
        return [_with_float32(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") in _POLICY_CLASSES:
        return "float32"
    return {key: "float32" if _is_low(key, value) else _with_float32(value) for key, value in config.items()}


def _is_low(key: str, value: object) -> bool:
    return key == "dtype" and isinstance(value, str) and value.endswith("float16")
