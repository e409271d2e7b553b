"""Specs that no exporter wrote: each is refused in one line."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from cnnkit.errors import SpecError
from cnnkit.spec import InputSpec, ModelSpec, read_spec, write_spec

GOOD = json.loads(write_spec(ModelSpec(("a", "b"), InputSpec(8, 8, 3, dtype="float32"))))


def changed(**fields: object) -> str:
    return json.dumps({**GOOD, "input": {**GOOD["input"], **fields}})


def twice(key: str, value: str) -> str:
    """The good text with a field in front of the same one."""
    return json.dumps(GOOD).replace(key, f"{key}: {value}, {key}", 1)


def graph(**fields: object) -> str:
    return json.dumps({**GOOD, "graph": {"parameters": 1, "multiply_adds": 1, "opset": 17, "ir_version": 8, **fields}})


def golden(*probabilities: float) -> str:
    return json.dumps({**GOOD, "golden": [{"png": "", "probabilities": probabilities}]})


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
        pytest.param(json.dumps({**GOOD, "labels": ["a", "a "]}), "names 'a' more than once", id="but for a space"),
        pytest.param(
            json.dumps({**GOOD, "labels": ["\u00e9", "e\u0301"]}), "more than once", id="an accent in two ways"
        ),
        pytest.param(json.dumps({**GOOD, "labels": ["a", " "]}), "spec.labels holds an empty name", id="no name"),
        pytest.param(
            json.dumps({**GOOD, "labels": ["a", "b" * 1001]}), "1,001 characters, expected at", id="long name"
        ),
        pytest.param(json.dumps({**GOOD, "labels": ["a", "\ud800"]}), "half a character", id="half a character"),
        pytest.param(changed(scale=0), "spec.input.scale is 0, expected a number that is not 0", id="no scale"),
        pytest.param(changed(scale=1e308), "spec.input.scale is 1e\\+308, expected", id="a scale beyond float32"),
        pytest.param(
            changed(std=[1, 1e-320, 1]), "spec.input.std holds 9.99989e-321 to 1", id="a std that is 0 in float32"
        ),
        pytest.param(changed(std=[1, 0, 1]), "spec.input.std holds 0.0, expected numbers above 0", id="no std"),
        pytest.param(changed(mean=[1, -1e30, 1]), "spec.input.mean holds -1e\\+30", id="a mean"),
        pytest.param(
            json.dumps({**GOOD, "spec_version": 10**200}), "spec_version is int 1000", id="a version of 200 digits"
        ),
        pytest.param(
            graph(parameters=10**40), "spec.graph.parameters is int 1000.*, expected 9,223,372", id="parameters"
        ),
        pytest.param(
            golden(1.5, -0.5), r"spec.golden\[0\].probabilities holds something that is not from 0", id="golden"
        ),
    ],
)
def test_malformed_specs(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read_spec(text)


def test_the_good_one_passes() -> None:
    assert json.loads(write_spec(read_spec(json.dumps(GOOD)))) == GOOD


LABELS = ModelSpec(("a", "b"), InputSpec(8, 8, 3), "independent", limits=(0.25, 0.75))
SECOND = json.loads(write_spec(LABELS))


def test_independent_labels_are_version_2() -> None:
    assert (GOOD["spec_version"], "limits" in GOOD) == (1, False)
    assert (SECOND["spec_version"], SECOND["output"], SECOND["limits"]) == (2, "independent", [0.25, 0.75])
    assert read_spec(json.dumps(SECOND)) == LABELS
    assert read_spec(write_spec(replace(LABELS, limits=()))).limits == (0.5, 0.5)
    assert read_spec(json.dumps({**GOOD, "spec_version": 2})) == read_spec(json.dumps(GOOD))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"spec_version": 1}, "spec.output is 'independent', expected one of probabilities, logits$"),
        ({"spec_version": 3}, "is version 3, this cnnkit reads versions up to 2: install cnnkit 3.0 or newer"),
        ({"limits": [0.5]}, "spec.limits has 1 numbers, expected 2"),
        ({"limits": [0, 0.5]}, "spec.limits holds something that is not between 0 and 1"),
        ({"output": "probabilities"}, "spec has the unknown field 'limits'"),
        ({"labels": ["none", "b"]}, "spec.labels names 'none', expected names without comma and space, and not 'none'"),
        ({"labels": ["a", "a, b"]}, "spec.labels names 'a, b', expected names without"),
    ],
)
def test_malformed_second_versions(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read_spec(json.dumps({**SECOND, **fields}))


def test_a_second_version_without_limits() -> None:
    with pytest.raises(SpecError, match="spec lacks the field 'limits'"):
        read_spec(json.dumps({key: value for key, value in SECOND.items() if key != "limits"}))


MANY = [f"class {index}" for index in range(300_000)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(json.dumps({**GOOD, "labels": [*MANY, MANY[-1]]}), "names 'class 299999' more", id="labels"),
        pytest.param(
            json.dumps({**GOOD, **dict.fromkeys(MANY, 0)})[:-1] + ', "class 299999": 0}', "twice", id="fields"
        ),
    ],
)
def test_a_long_list_takes_no_longer_than_its_length(text: str, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(SpecError, match=message):
        read_spec(text)
    assert time.monotonic() - start < 20  # compared pair by pair, hours
