"""A row a node, which add up to the counts of the whole graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from written_graphs import WAYS, Written

from cnnkit.errors import UsageError
from cnnkit.export.graph.counting import count, graph_layers
from cnnkit.export.graph.graphs import load_graph

MODELS = Path(__file__).parents[3] / "toolkit/models"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_rows_add_up_however_a_network_is_written(way):
    written = Written(**way)
    layers = graph_layers(written.model)
    assert sum(layer.parameters for layer in layers) == written.parameters
    assert sum(layer.multiply_adds for layer in layers) == written.products
    first = layers[1]
    assert (first.kind, first.output_shape) == ("Conv", (8, 10, 10))
    assert (first.parameters, first.multiply_adds) == (8 * 3 * 9 + 8, 10 * 10 * 8 * 3 * 9)
    assert layers[-1].output_shape == (5,)


def test_a_size_left_open_leaves_multiply_adds_open():
    written = Written(size="side", side=44)
    open_ones, told = graph_layers(written.model), graph_layers(written.model, (44, 44))
    assert {layer.multiply_adds for layer in open_ones if layer.kind == "Conv"} == {None}
    assert {layer.output_shape for layer in open_ones if layer.kind == "Conv"} == {None}
    assert sum(layer.multiply_adds for layer in told) == written.products
    with pytest.raises(UsageError, match="does not fit the graph"):
        graph_layers(Written().model, (44, 44))


@pytest.mark.parametrize("name", ["best.onnx", "best.int8.onnx"])
def test_the_bundled_networks(name):
    graph = load_graph(MODELS / name)
    layers, counts = graph_layers(graph), count(graph)
    assert sum(layer.parameters for layer in layers) == counts.parameters
    assert sum(layer.multiply_adds for layer in layers) == counts.multiply_adds
    kinds = {layer.kind for layer in layers}
    assert "Conv" in kinds and not kinds & {"QuantizeLinear", "DequantizeLinear"}
