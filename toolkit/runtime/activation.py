"""What a Keras network's last feature map says for a class, place by place: class activation, and Grad-CAM."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnkit.runtime.layer_calls import called_instead

if TYPE_CHECKING:
    from numpy.typing import NDArray


def activation_map(model: Any, layers: Iterable[Any], tensor: NDArray[Any], index: int) -> NDArray[np.float32] | None:
    """Returns how much each place of the last feature map speaks for a class.

    A network that ends in global average pooling and one dense layer, with weights w, gives class c the logit
    sum_k w[k, c] mean(A[:, :, k]) + b, to which the place (y, x) adds sum_k w[k, c] A[y, x, k]: that is the map, and it
    is exact (Zhou et al., "Learning Deep Features for Discriminative Localization", arXiv:1512.04150). Others are
    weighted by the mean gradient of the logit, Grad-CAM (Selvaraju et al., arXiv:1610.02391), on TensorFlow alone.

    Args:
        model: A keras.Model with one input and one output.
        layers: Its layers in the order in which they are applied, those of nested models in their place.
        tensor: (1, ...) the input of one image.
        index: Of the class.

    Returns:
        (h, w) float32 of the feature map's size, from the negative, which speaks against the class, to the positive;
        None where the network has no feature map before its answer, or it is not to be had on this backend.
    """
    listed = list(layers)
    pooling, dense = _pooled_head(listed)
    if pooling is not None:
        maps = _channels_last(_seen(model, pooling, tensor), pooling)
        weights = np.eye(maps.shape[-1], dtype=np.float32) if dense is None else np.asarray(dense.kernel, np.float32)
        exact: NDArray[np.float32] = maps @ weights[:, index]
        return exact
    return _gradient_map(model, listed, tensor, index)


def _pooled_head(layers: list[Any]) -> tuple[Any, Any]:
    """Returns the global average pooling and the one dense layer behind it, or None for what there is not.

    Without a dense layer the channels are the classes.
    """
    from keras import layers as kinds

    passing = (kinds.Dropout, kinds.Flatten, kinds.Activation, kinds.Softmax, kinds.Reshape)
    dense = None
    for layer in reversed(layers):
        if isinstance(layer, kinds.GlobalAveragePooling2D):
            return layer, dense
        if isinstance(layer, kinds.Dense) and dense is None:
            dense = layer
        elif not isinstance(layer, passing):
            break
    return None, None


def _seen(model: Any, layer: Any, tensor: NDArray[Any]) -> Any:
    """Returns what a layer takes while the model answers."""
    seen: list[Any] = []

    def watched(call: Callable[..., Any], value: Any, *arguments: Any, **options: Any) -> Any:
        seen.append(value)
        return call(value, *arguments, **options)

    with called_instead(layer, watched):
        model(tensor, training=False)
    return seen[-1]


def _gradient_map(model: Any, layers: list[Any], tensor: NDArray[Any], index: int) -> NDArray[np.float32] | None:
    import keras

    last = next((layer for layer in reversed(layers) if _has_map(layer)), None)
    if last is None or keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    seen: list[Any] = []
    with tf.GradientTape() as tape:

        def watched(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
            value = call(*arguments, **options)
            tape.watch(value)
            seen.append(value)
            return value

        with called_instead(last, watched), _as_logits(layers[-1]):
            logit = model(tensor, training=False)[0, index]
    gradient = tape.gradient(logit, seen[-1])
    if gradient is None:
        return None
    maps, slopes = (_channels_last(value, last) for value in (seen[-1], gradient))
    weighted: NDArray[np.float32] = maps @ slopes.mean(axis=(0, 1))
    return weighted


def _has_map(layer: Any) -> bool:
    """Whether a layer gives a feature map of more than one place; an image is none."""
    from keras import layers

    if isinstance(layer, layers.InputLayer):
        return False
    try:
        shape = tuple(layer.output.shape)
    except (AttributeError, ValueError):  # of a layer that has no one output
        return False
    sides = shape[1:3] if getattr(layer, "data_format", None) != "channels_first" else shape[2:4]
    return len(shape) == 4 and any(side is None or side > 1 for side in sides)


def _channels_last(value: Any, layer: Any) -> NDArray[np.float32]:
    """Returns the (h, w, k) map of the one image."""
    from keras import ops

    maps: NDArray[np.float32] = np.asarray(ops.convert_to_numpy(value), np.float32)[0]
    return maps.transpose(1, 2, 0) if getattr(layer, "data_format", None) == "channels_first" else maps


@contextmanager
def _as_logits(last: Any) -> Iterator[None]:
    """Leaves out the softmax at the end of a network: where it says 1, its gradient is 0."""
    from keras import activations, layers

    if isinstance(last, layers.Softmax):
        with called_instead(last, lambda call, value, *arguments, **options: value):
            yield
        return
    activation = getattr(last, "activation", None)
    if activation is None:
        yield
        return
    last.activation = activations.linear
    try:
        yield
    finally:
        last.activation = activation
