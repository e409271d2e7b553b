from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from tiny_models import tiny_spec

from cnnkit.cli import main
from cnnkit.spec import Tolerance


def verify(*arguments: object):
    return CliRunner().invoke(main, ["verify", *map(str, arguments)])


@pytest.fixture
def changed_model(make_model):
    """A model whose first golden answer says green where the model says red."""
    spec = tiny_spec()
    first = replace(spec.golden[0], probabilities=(0.1, 0.9, 0.0))
    return make_model("changed.onnx", spec=replace(spec, golden=(first, *spec.golden[1:])))


def test_pass(tiny_model):
    result = verify(tiny_model)
    assert (result.exit_code, result.stderr) == (0, "")
    heading, row = result.stdout.splitlines()
    assert heading == "stage        images  worst difference  same label  result"
    assert row.startswith("onnxruntime       4 ")
    assert row.endswith("     100.0 %  pass")


def test_fail(changed_model):
    result = verify(changed_model)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1] == "onnxruntime       4              0.88      75.0 %  FAIL"
    assert result.stderr.startswith(
        "cnnkit: error: the golden images are answered differently: "
        "probabilities by up to 0.88 (allowed 0.0001), 1 of 4 labels (allowed 0)"
    )


def test_json(changed_model):
    result = verify(changed_model, "--format", "json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    figures = {"images": 4, "max_probability_difference": pytest.approx(0.8823, abs=1e-4), "top1_agreement": 0.75}
    assert report == {
        "passed": False,
        **figures,
        "stages": [
            {
                "name": "onnxruntime",
                **figures,
                "label_changes": 1,
                "passed": False,
                "max_pixel_difference": None,
                "cause": "",
            }
        ],
    }


def test_tolerance_of_the_spec_decides(make_model, changed_model):
    from cnnkit.runtime.onnx import read_spec_of

    lenient = replace(read_spec_of(changed_model), tolerance=Tolerance(0.9, 1))
    assert verify(make_model("lenient.onnx", spec=lenient)).exit_code == 0


def test_no_golden_images(make_model):
    result = verify(make_model())
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("cnnkit: error: the model carries no golden images, so there is nothing to verify")


def test_default_is_the_bundled_model(models_folder, tiny_model):
    assert verify().exit_code == 1
    (models_folder / "net.int8.onnx").write_bytes(tiny_model.read_bytes())
    assert verify().exit_code == 0
