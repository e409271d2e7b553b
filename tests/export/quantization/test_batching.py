"""How many images go through a graph at once, and graphs that are fixed to a number of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_cnn import SMALL_SPEC, colour_images, run_graph, trained_graph

from cnnkit.export.graph.graphs import load_graph
from cnnkit.export.quantization.batching import fixed_batch, images_at_once, whole_batches
from cnnkit.export.quantization.integers import Quantizer
from cnnkit.export.quantization.schemes import Scheme


def fixed_graph(count: int | str):
    graph = trained_graph()
    for value in (*graph.graph.input, *graph.graph.output):
        dimension = value.type.tensor_type.shape.dim[0]
        if isinstance(count, int):
            dimension.dim_value = count
        else:
            dimension.dim_param = count
    return graph


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (4, 4), ("batch", None)])
def test_a_fixed_number_of_images_goes_before_memory(count: int | str, expected: int | None) -> None:
    graph = fixed_graph(count)
    assert fixed_batch(graph) == expected
    assert images_at_once(graph) == (expected or 256)


@pytest.mark.parametrize(
    ("images", "size", "expected"),
    [
        pytest.param(5, None, [0, 1, 2, 3, 4], id="any number"),
        pytest.param(5, 1, [0, 1, 2, 3, 4], id="one by one"),
        pytest.param(5, 2, [0, 1, 2, 3], id="the last is left out"),
        pytest.param(3, 5, [0, 1, 2, 0, 1], id="too few"),
    ],
)
def test_images_fill_batches(images: int, size: int | None, expected: list[int]) -> None:
    numbered = np.arange(images, dtype=np.uint8)[:, None, None, None]
    assert whole_batches(numbered, size).ravel().tolist() == expected


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("method", ["minmax", "percentile"])
def test_graphs_of_a_fixed_batch_are_quantized(tmp_path: Path, count: int, method: str) -> None:
    (path := tmp_path / "fixed.onnx").write_bytes(fixed_graph(count).SerializeToString())
    images = colour_images(18, seed=1)[0]
    (folder := tmp_path / "work").mkdir()
    quantizer = Quantizer(path, images, SMALL_SPEC.input, folder)
    model = quantizer.quantize(Scheme("u8s8-7bit", bits=7, method=method))
    floating = run_graph(load_graph(path), images[:count])
    assert np.abs(run_graph(model, images[:count]) - floating).max() < 0.1
    assert {batch.shape[0] for batch in quantizer.batches()} == {count}
