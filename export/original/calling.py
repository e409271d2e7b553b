"""A Keras model called: whatever its layers raise is told in one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cnnkit.errors import ModelError

_MARKS = re.compile(r"\x1b\[[0-9;]*m|\{\{function_node [^}]{0,300}\}\} ")  # colours, and where a kernel stands
_FRAME = re.compile(r"^Exception encountered when calling (.*?)\.call\(\)\.$")
_MOST = 200  # characters: behind them a dump begins


def call_model(model: Any, tensor: Any) -> Any:
    """Calls a model for inference.

    Args:
        model: A keras.Model.
        tensor: (N, ...) what it takes.

    Raises:
        ModelError: A layer raises; the message names it, where Keras does.
    """
    try:
        return model(tensor, training=False)
    except Exception as error:  # layers raise whatever they like
        takes = f"{tuple(tensor.shape)} {getattr(tensor.dtype, 'name', '')}"
        raise ModelError(
            f"the Keras model cannot be called with {takes}: {_reason(error)}: check its size, and that Keras itself "
            "runs it"
        ) from error


def trace_model(function: Callable[[Any], Any], image: Any) -> Any:
    """Returns the tf.ConcreteFunction of what calls a model by `call_model`.

    Args:
        function: Takes a tensor.
        image: The tf.TensorSpec of it.

    Raises:
        ModelError: A layer raises; what TensorFlow makes of it, with lines of code, is left out.
    """
    import tensorflow as tf

    raised: list[ModelError] = []

    def noticed(tensor: Any) -> Any:
        try:
            return function(tensor)
        except ModelError as error:
            raised.append(error)
            raise

    try:
        return tf.function(noticed).get_concrete_function(image)
    except Exception as error:  # TensorFlow makes another one of it
        if raised:
            raise raised[0] from error
        raise


def _reason(error: BaseException) -> str:
    """Returns the first line that says what is wrong, behind the layer that Keras names."""
    lines = [line.strip() for line in _MARKS.sub("", str(error)).splitlines() if line.strip()]
    frame = _FRAME.match(lines[0]) if len(lines) > 1 else None
    text = f"{frame.group(1)}: {lines[1]}" if frame else (lines or [type(error).__name__])[0]
    return text[:_MOST].rstrip(". :")
