"""What a loaded model must offer to be measured, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.spec import ModelSpec

if TYPE_CHECKING:
    from cnnkit.runtime import OnnxClassifier


@dataclass(frozen=True)
class Loaded:
    """What is known of a contender once it is loaded."""

    precision: str  # float32, int8, mixed_float16, ...
    runtime: str  # name, version, and provider or backend
    threads: int | None  # of one inference; None is the runtime's default


@dataclass(frozen=True)
class Subject:
    """A loaded model with one way of calling it."""

    loaded: Loaded
    spec: ModelSpec
    input_tensor: Callable[[NDArray[np.uint8]], NDArray[Any]]
    call: Callable[[NDArray[Any]], NDArray[Any]]  # from that tensor to (N, classes): this is timed
    answers: Callable[[NDArray[np.uint8]], NDArray[Any]]  # from images to (N, classes)
    classifier: OnnxClassifier | None = None  # of a model in onnxruntime; None elsewhere
