"""An ONNX file in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

from cnnkit.bench.contenders import Loading
from cnnkit.bench.subjects.subject import Loaded, Subject
from cnnkit.machine import physical_cores
from cnnkit.runtime import OnnxClassifier, import_onnxruntime
from cnnkit.spec import ModelSpec


def onnx_subject(loading: Loading) -> Subject:
    """Loads an ONNX file as `cnnkit predict` does.

    Raises:
        ModelError: It cannot be loaded.
        SpecError: It has no usable spec.
        UsageError: The provider is not available here.
    """
    classifier = OnnxClassifier(Path(loading.path), threads=loading.threads, provider=loading.provider)
    loaded = Loaded(
        precision=precision_of(classifier.spec),
        runtime=f"onnxruntime {import_onnxruntime().__version__} ({classifier.provider})",
        threads=classifier.threads or physical_cores(),
    )
    return Subject(
        loaded, classifier.spec, classifier.input_tensor, classifier.run, classifier.probabilities, classifier
    )


def precision_of(spec: ModelSpec) -> str:
    """Returns what a model computes in."""
    return "float32" if spec.quantization is None else spec.quantization.precision
