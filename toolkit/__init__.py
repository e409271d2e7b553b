"""cnnkit: Keras image classifiers from training to a small machine.

import cnnkit

model = cnnkit.load("model.onnx")
print(model.predict("photo.jpg").label)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from cnnkit.runtime import Model

__version__ = "1.0.0.dev0"
__all__ = ["__version__", "load"]


def load(path: str | PathLike[str] | None = None, *, threads: int | None = None, provider: str = "cpu") -> Model:
    """Loads a model file.

    Args:
        path: A `.onnx` file that cnnkit exported; None takes the bundled INT8 model.
        threads: CPU threads of one inference; None takes one a physical core.
        provider: Where it runs: "cpu", or another execution provider that onnxruntime was built with ("cuda", ...).

    Returns:
        The model, ready to `predict`.

    Raises:
        ModelError: The file is missing, no ONNX model, or contradicts its spec.
        SpecError: The file carries no spec, or one of a newer version.
    """
    from cnnkit.runtime import load_model

    return load_model(path, threads=threads, provider=provider)
