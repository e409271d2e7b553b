"""A model as Python code uses it: a path or an array in, a label out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from warnings import warn

import numpy as np

from cnnkit.classifier import Prediction, predict_rows
from cnnkit.errors import DamagedImageWarning, ImageError, ModelError, UsageError
from cnnkit.images import DecodedImage, read_image, resize_image
from cnnkit.runtime.onnx import OnnxClassifier
from cnnkit.spec import InputSpec, ModelSpec
from cnnkit.system import log

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cnnkit.foreign import Said

MODELS_FOLDER = Path(__file__).parents[1] / "models"
_INT8_SUFFIX = ".int8.onnx"


@dataclass(frozen=True)
class Model:
    """A model file, ready to predict; made by `cnnkit.load`."""

    classifier: OnnxClassifier

    @property
    def spec(self) -> ModelSpec:
        """The model's spec: labels, input, golden images, where it comes from."""
        return self.classifier.spec

    def predict(self, image: str | PathLike[str] | NDArray[np.uint8], top_k: int = 5) -> Prediction:
        """Classifies one image.

        Args:
            image: The path of an image file, or (H, W, 3) uint8 RGB pixels of any size. OpenCV's arrays are BGR: turn
                them with `image[..., ::-1]`.
            top_k: How many classes to name, the likeliest first, at least 1; independent labels are named that reach
                their limits, all of them.

        Returns:
            The likeliest label, its probability from 0 to 1, and the `top_k` candidates; of a damaged file, of which
            parts may be missing, its `damage` as well, and there is a `DamagedImageWarning`.

        Raises:
            ImageError: The file cannot be read as an image, or the array is none.
            ModelError: The model gives no finite answer.
            UsageError: `top_k` is less than 1.
        """
        if top_k < 1:
            raise UsageError(f"top_k is {top_k}, expected 1 or more")
        decoded = _read(image, self.spec.input) if isinstance(image, (str, PathLike)) else DecodedImage(_checked(image))
        probabilities = self.classifier.probabilities(resize_image(decoded.pixels, self.spec.input)[None])[0]
        if not np.isfinite(probabilities).all():
            raise ModelError(f"{self.classifier.path} gives an answer that is not finite for this image")
        return predict_rows(probabilities[None], self.spec, top_k)[0]._replace(damage=decoded.damage)


def load_model(
    path: str | PathLike[str] | None = None,
    *,
    threads: int | None = None,
    provider: str = "cpu",
    spinning: bool = True,
    said: Said | None = None,
) -> Model:
    """Loads an ONNX file with a model spec; None takes the bundled INT8 model. See `cnnkit.load`.

    `said` is what is said of a file that carries no spec; None needs one that does.
    """
    path = bundled_model() if path is None else path
    return Model(OnnxClassifier(path, threads=threads, provider=provider, spinning=spinning, said=said))


def warn_of_provider(classifier: OnnxClassifier) -> None:
    """Warns where a provider answers the golden images differently than the spec allows; the CPU is not asked.

    Other providers compute with kernels of their own, some in fewer bits. Without golden images nothing is known.
    """
    spec = classifier.spec
    if classifier.provider == "cpu" or not spec.golden:
        return
    from cnnkit.runtime.golden import check_golden

    result = check_golden(classifier, spec)
    if not result.passed:
        log.warning(
            "%s with --provider %s: %s; do not rely on it, leave --provider out",
            classifier.path.name, classifier.provider, result.cause,
        )  # fmt: skip


def bundled_model(kind: Literal["int8", "float32", "keras"] = "int8") -> Path:
    """Returns the path of a model that comes with cnnkit.

    Args:
        kind: Which of the three files of the one bundled model.

    Raises:
        ModelError: This copy of cnnkit does not have exactly one.
    """
    suffix = {"int8": _INT8_SUFFIX, "float32": ".onnx", "keras": ".keras"}[kind]
    names = sorted(os.listdir(MODELS_FOLDER)) if MODELS_FOLDER.is_dir() else []
    found = [name for name in names if name.endswith(suffix) and (kind == "int8" or not name.endswith(_INT8_SUFFIX))]
    if len(found) != 1:
        raise ModelError(
            f"cnnkit has {len(found)} bundled models *{suffix} in {MODELS_FOLDER}, expected exactly one: "
            "install cnnkit again, or name a model file"
        )
    return MODELS_FOLDER / found[0]


def _read(path: str | PathLike[str], taken: InputSpec) -> DecodedImage:
    decoded = read_image(path, taken=(taken,))
    for warning in decoded.warnings:
        log.warning("%s: %s", os.fspath(path), warning)
    if decoded.damage is not None:
        warn(f"{os.fspath(path)}: {decoded.damage}", DamagedImageWarning, stacklevel=3)
    return decoded


def _checked(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if not isinstance(image, np.ndarray):
        raise ImageError("image", f"is a {type(image).__name__}, expected a path or an array of (H, W, 3) uint8 RGB")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ImageError("array", f"is {image.shape} {image.dtype}, expected (H, W, 3) uint8 RGB")
    return np.ascontiguousarray(image)
