from __future__ import annotations

import json
from copy import deepcopy
from importlib.resources import files

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator, ValidationError

from cnnkit.bench.report.json_text import SCHEMA_VERSION
from cnnkit.cli import main


@pytest.fixture(scope="module")
def validator():
    text = files("cnnkit.bench.session").joinpath(f"bench-{SCHEMA_VERSION}.schema.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(strict(schema))


def strict(schema):
    """Lets a schema refuse fields that it does not name: what is written now is described, what comes later is not."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    named = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {}
    return {**named, **{name: strict(each) for name, each in schema.items()}}


@pytest.fixture(params=["all", "least"])
def report(request, make_model, make_image, tmp_path):
    """What the command writes with all that adds fields, and with nothing."""
    arguments = ["--model", make_model("net.onnx"), "--runs", 12, "--batch-size", 2, "--format", "json"]
    if request.param == "all":
        for color in ("red", "green", "blue"):
            make_image(f"data/{color}/1.png", color)
        arguments += ["--compare", make_model("net.int8.onnx"), "--data", tmp_path / "data", "--sweep", "--profile"]
        arguments += ["--fps", 200, "--duration", 0.1]
        arguments[2:4] = []
    else:
        arguments.append("--no-cold-start")
    result = CliRunner().invoke(main, ["bench", *map(str, arguments)])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


CHANGES = (
    lambda report: report.pop("raw"),
    lambda report: report["contenders"][0].pop("precision"),
    lambda report: report["contenders"][0].update(unknown=1),
    lambda report: report.update(schema_version=2),
    lambda report: report["contenders"][0]["latency_ms"].update(p50="fast"),
)


def test_the_schema_says_what_is_written_and_refuses_else(report, validator):
    validator.validate(report)
    for change in CHANGES:
        changed = deepcopy(report)
        change(changed)
        with pytest.raises(ValidationError):
            validator.validate(changed)
