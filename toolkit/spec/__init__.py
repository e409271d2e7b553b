"""The model spec, version 1: all that is needed to use a model file rightly, as strict JSON."""

from cnnkit.spec.fields import (
    METADATA_KEY,
    SPEC_VERSION,
    DatasetRecord,
    GoldenImage,
    GraphFacts,
    InputSpec,
    ModelSpec,
    Provenance,
    Quantization,
    Tolerance,
)
from cnnkit.spec.reading import read_spec
from cnnkit.spec.writing import write_spec

__all__ = [
    "METADATA_KEY",
    "SPEC_VERSION",
    "DatasetRecord",
    "GoldenImage",
    "GraphFacts",
    "InputSpec",
    "ModelSpec",
    "Provenance",
    "Quantization",
    "Tolerance",
    "read_spec",
    "write_spec",
]
