"""Loads what is measured; each runtime is imported only where it is asked for."""

from __future__ import annotations

from cnnkit.bench.contenders import Loading
from cnnkit.bench.subjects.subject import Subject


def load_subject(loading: Loading) -> Subject:
    """Loads a contender.

    Raises:
        ModelError: It cannot be loaded.
        SpecError: It has no usable spec.
        UsageError: Its provider is not available here.
        MissingExtraError: Its runtime is not installed.
    """
    if loading.runtime == "keras":
        from cnnkit.bench.subjects.original import original_subject

        return original_subject(loading)
    if loading.runtime == "litert":
        from cnnkit.bench.subjects.litert import litert_subject

        return litert_subject(loading)
    if loading.runtime == "openvino":
        from cnnkit.bench.subjects.openvino import openvino_subject

        return openvino_subject(loading)
    from cnnkit.bench.subjects.onnx import onnx_subject

    return onnx_subject(loading)
