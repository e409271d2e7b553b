"""The model spec, all that is needed to use a model file rightly, as strict JSON; and what a file says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.spec.fields import (
        LARGEST_SEED as LARGEST_SEED,
        LARGEST_SIDE as LARGEST_SIDE,
        METADATA_KEY as METADATA_KEY,
        NO_LABEL as NO_LABEL,
        USUAL_LIMIT as USUAL_LIMIT,
        Color as Color,
        DatasetRecord as DatasetRecord,
        Dtype as Dtype,
        GoldenImage as GoldenImage,
        GraphFacts as GraphFacts,
        InputSpec as InputSpec,
        Interpolation as Interpolation,
        Layout as Layout,
        ModelSpec as ModelSpec,
        Output as Output,
        Precision as Precision,
        Provenance as Provenance,
        Quantization as Quantization,
        Resize as Resize,
        Tolerance as Tolerance,
    )
    from cnnkit.spec.meanings import wrong_labels as wrong_labels, wrong_scaling as wrong_scaling
    from cnnkit.spec.model_facts import (
        LayerFacts as LayerFacts,
        ModelFacts as ModelFacts,
        TensorFacts as TensorFacts,
        dtype_name as dtype_name,
        tensor_facts as tensor_facts,
    )
    from cnnkit.spec.onnx_header import (
        GraphNode as GraphNode,
        OnnxHeader as OnnxHeader,
        external_locations as external_locations,
        is_ort_format as is_ort_format,
        main_nodes as main_nodes,
        no_onnx as no_onnx,
        nodes_with_calls as nodes_with_calls,
        read_header as read_header,
        read_model_bytes as read_model_bytes,
        repeated_keys as repeated_keys,
    )
    from cnnkit.spec.reading import (
        MAX_GOLDEN_BYTES as MAX_GOLDEN_BYTES,
        MAX_GOLDEN_IMAGES as MAX_GOLDEN_IMAGES,
        read_spec as read_spec,
    )
    from cnnkit.spec.writing import spec_to_dict as spec_to_dict, write_spec as write_spec
else:
    __getattr__ = hand_on(
        __name__,
        {
            "fields": (
                "LARGEST_SEED",
                "LARGEST_SIDE",
                "METADATA_KEY",
                "NO_LABEL",
                "USUAL_LIMIT",
                "Color",
                "DatasetRecord",
                "Dtype",
                "GoldenImage",
                "GraphFacts",
                "InputSpec",
                "Interpolation",
                "Layout",
                "ModelSpec",
                "Output",
                "Precision",
                "Provenance",
                "Quantization",
                "Resize",
                "Tolerance",
            ),
            "meanings": ("wrong_labels", "wrong_scaling"),
            "model_facts": ("LayerFacts", "ModelFacts", "TensorFacts", "dtype_name", "tensor_facts"),
            "onnx_header": (
                "GraphNode",
                "OnnxHeader",
                "external_locations",
                "is_ort_format",
                "main_nodes",
                "no_onnx",
                "nodes_with_calls",
                "read_header",
                "read_model_bytes",
                "repeated_keys",
            ),
            "reading": ("MAX_GOLDEN_BYTES", "MAX_GOLDEN_IMAGES", "read_spec"),
            "writing": ("spec_to_dict", "write_spec"),
        },
    )
