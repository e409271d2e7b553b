"""ONNX graphs: loaded, tidied, counted, kept readable for old runtimes, and written whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.export.graph.affine_folding import fold_affines as fold_affines
    from cnnkit.export.graph.argmax import without_argmax as without_argmax
    from cnnkit.export.graph.compatibility import OPSET as OPSET, opset_for as opset_for, opset_of as opset_of
    from cnnkit.export.graph.counting import (
        count as count,
        graph_layers as graph_layers,
        multiply_adds as multiply_adds,
    )
    from cnnkit.export.graph.freezing import frozen_graph as frozen_graph, known_rewrites as known_rewrites
    from cnnkit.export.graph.graphs import (
        add_constant as add_constant,
        attributes as attributes,
        constants as constants,
        consumers as consumers,
        has_branches as has_branches,
        keep_output as keep_output,
        load_graph as load_graph,
        load_whole as load_whole,
        producers as producers,
        remove_unused as remove_unused,
        save_with_spec as save_with_spec,
        scalar as scalar,
        static_shapes as static_shapes,
    )
    from cnnkit.export.graph.input_folding import applied as applied
    from cnnkit.export.graph.one_unit import give_both_labels as give_both_labels
    from cnnkit.export.graph.plain import plain_graph as plain_graph
    from cnnkit.export.graph.tidying import set_versions as set_versions, tidy as tidy
    from cnnkit.export.graph.writing import (
        ORT_SUFFIX as ORT_SUFFIX,
        publish as publish,
        save_as as save_as,
        write_model as write_model,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "affine_folding": ("fold_affines",),
            "argmax": ("without_argmax",),
            "compatibility": ("OPSET", "opset_for", "opset_of"),
            "counting": ("count", "graph_layers", "multiply_adds"),
            "freezing": ("frozen_graph", "known_rewrites"),
            "graphs": (
                "add_constant",
                "attributes",
                "constants",
                "consumers",
                "has_branches",
                "keep_output",
                "load_graph",
                "load_whole",
                "producers",
                "remove_unused",
                "save_with_spec",
                "scalar",
                "static_shapes",
            ),
            "input_folding": ("applied",),
            "one_unit": ("give_both_labels",),
            "plain": ("plain_graph",),
            "tidying": ("set_versions", "tidy"),
            "writing": ("ORT_SUFFIX", "publish", "save_as", "write_model"),
        },
    )
