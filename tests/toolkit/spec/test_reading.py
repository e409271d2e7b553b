"""Specs that no exporter wrote: each is refused in one line."""

from __future__ import annotations

import json

import pytest

from cnnkit.errors import SpecError
from cnnkit.spec import InputSpec, ModelSpec, read_spec, write_spec

GOOD = json.loads(write_spec(ModelSpec(("a", "b"), InputSpec(8, 8, 3, dtype="float32"))))


def changed(**fields: object) -> str:
    return json.dumps({**GOOD, "input": {**GOOD["input"], **fields}})


def twice(key: str, value: str) -> str:
    """The good text with a field in front of the same one."""
    return json.dumps(GOOD).replace(key, f"{key}: {value}, {key}", 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[" * 100_000, "the model spec is no JSON", id="nested"),
        pytest.param(changed(scale=[10**400] * 3), "spec.input.scale", id="a number that no float holds"),
        pytest.param(changed(height=100_000), "spec.input.height is int 100000, expected 16,384 or less", id="height"),
        pytest.param(changed(width=10**12), "spec.input.width is int 1000000000000, expected 16,384", id="width"),
        pytest.param(changed(height=0), "spec.input.height is 0, expected 1 or more", id="no height"),
        pytest.param(twice('"labels"', '["b", "a"]'), "says 'labels' twice in one object", id="labels twice"),
        pytest.param(twice('"scale"', "0.5"), "says 'scale' twice in one object", id="a scale twice"),
        pytest.param(twice('"output"', '"logits"'), "says 'output' twice in one object", id="an output twice"),
        pytest.param(json.dumps({**GOOD, "labels": ["a", "b", "a"]}), "names 'a' more than once", id="a name twice"),
    ],
)
def test_malformed_specs(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read_spec(text)


def test_the_good_one_passes() -> None:
    assert json.loads(write_spec(read_spec(json.dumps(GOOD)))) == GOOD
