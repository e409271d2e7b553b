from __future__ import annotations

import pytest

from cnnkit.runtime.keras_reasons import first_line, load_reason

DUMP = (
    "Error when deserializing class 'Conv2D' using config={'name': 'conv2d', 'filters': 8}.\n\nException encountered: "
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(ValueError(f"{DUMP}Unknown activation function: 'mish2'. Please ensure"),
                     "Unknown activation function: 'mish2': save it as a SavedModel", id="an activation"),
        pytest.param(ValueError("Unknown layer: 'FixedDropout'. Please ensure you are"),
                     "Unknown layer: 'FixedDropout': save it as a SavedModel", id="a layer"),
        pytest.param(ValueError(f"{DUMP}strides must be positive\nand more"),
                     "strides must be positive (copy it again", id="behind a dump"),
        pytest.param(KeyError("model_weights"), "it lacks 'model_weights' (copy it again", id="a key"),
        pytest.param(RuntimeError("{{function_node __wrapped__Fill_device_/job:x}} OOM when allocating"),
                     "OOM when allocating (copy it again", id="a kernel"),
        pytest.param(RuntimeError(), "RuntimeError (copy it again", id="nothing said"),
    ],
)  # fmt: skip
def test_reasons(error, reason):
    assert load_reason(error).startswith(reason)


def test_the_first_line_is_cut():
    assert first_line("x" * 1000 + "\nmore") == "x" * 300
    assert first_line("Exception encountered: ") == "Exception encountered:"


def test_the_reason_below_where_it_was_raised():
    text = (
        'Exception encountered when calling Sequential.call().\n\n\x1b[1mLayer "a" expects 1 input.\x1b[0m\n\nArguments'
    )
    assert first_line(text) == 'Layer "a" expects 1 input'
