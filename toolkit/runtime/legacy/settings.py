"""The settings of single layers of Keras 2, as Keras 3 reads them."""

from __future__ import annotations

from typing import Any

# What these wrote beside the settings of their two kernels, and never used.
_UNUSED = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
_SEPARABLE = ("DepthwiseConv2D", "SeparableConv2D")
_GROUPED = ("Conv1D", "Conv2D", "Conv3D")  # the layers that have groups; others wrote 1
_BARE = ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")  # take nothing but settings of their own


def modern_settings(layer: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Returns a layer's settings without what said nothing, and with the rest put as Keras 3 reads it.

    Keras 2 wrote random layers with `rng_type`, the axis of batch normalisation in a list, names with slashes in
    them, and policies of precision as objects; TensorFlow 1 the type of initial weights.

    Args:
        layer: The name of its class.
        settings: The layer's `config` in the file; stays as it is.
    """
    kept = {key: _untyped(value) if key.endswith("_initializer") else value for key, value in settings.items()}
    kept.pop("rng_type", None)
    if layer not in _GROUPED and kept.get("groups") == 1 and layer != "GroupNormalization":
        del kept["groups"]
    if layer in _SEPARABLE:
        kept = {key: value for key, value in kept.items() if key not in _UNUSED}
    if layer in _BARE:
        kept = {key: value for key, value in kept.items() if key not in ("trainable", "noise_shape")}
    axis = kept.get("axis")
    if layer == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        kept["axis"] = axis[0]
    if isinstance(kept.get("dtype"), dict) and kept["dtype"].get("class_name") == "Policy":
        kept["dtype"] = (kept["dtype"].get("config") or {}).get("name", "float32")
    if "name" in kept:
        kept["name"] = str(kept["name"]).replace("/", "_")
    return kept


def _untyped(initializer: Any) -> Any:
    if not isinstance(initializer, dict) or not isinstance(initializer.get("config"), dict):
        return initializer
    return {**initializer, "config": {key: value for key, value in initializer["config"].items() if key != "dtype"}}
