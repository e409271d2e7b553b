from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from cnnkit.errors import UsageError
from cnnkit.spec import InputSpec, ModelSpec, Provenance, write_spec
from cnnkit.train.recipes.options import make_request
from cnnkit.train.recipes.recipe import Recipe, load_recipe, write_recipe
from cnnkit.train.runs.training import run_training

STRANGE = "strange_nets:build"


def test_flags_override_the_recipe_and_the_recipe_the_defaults() -> None:
    request = make_request("digits", None, {"architecture": "resnet8", "epochs": 3, "seed": None, "jit": True})
    assert request.recipe == dataclasses.replace(load_recipe("resnet8"), epochs=3)
    assert (request.seed, request.color, request.devices.jit) == (0, "gray", True)
    assert request.out == Path("runs/resnet8-digits")


def test_a_recipe_of_a_network_brings_its_network(tmp_path: Path) -> None:
    assert make_request("digits", None, {"recipe": "best"}).architecture == "best"
    assert make_request("digits", None, {"recipe": "best", "architecture": "vgg3"}).architecture == "vgg3"
    (tmp_path / "mine.toml").write_text("epochs = 3")
    assert make_request("digits", None, {"recipe": str(tmp_path / "mine.toml")}).architecture == "conv2"


def test_a_run_is_repeated_from_its_config(tmp_path: Path) -> None:
    flags = {
        "epochs": 1,
        "max_images": 40,
        "size": 16,
        "seed": 3,
        "validation": 0.2,
        "mixup": 0.2,
        "deterministic": True,
    }
    first = run_training(make_request("digits", tmp_path / "first", flags))
    again = {"config": tmp_path / "first" / "config.json", "deterministic": True}
    second = run_training(make_request("digits", tmp_path / "second", again))
    assert second.metrics == first.metrics
    assert (tmp_path / "second" / "config.json").read_text() == (tmp_path / "first" / "config.json").read_text()


CONFIG = {
    "architecture": "conv2", "size": 8, "color": "gray", "resize": "squash", "validation": 0.1, "seed": 0,
    "mixed_precision": False, "max_images": None, "recipe": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "is no config.json of a run", id="no JSON"),
        pytest.param("{}", "is no config.json of a run: it has no architecture", id="a field is missing"),
        pytest.param('{"architecture": null}', "is no config.json of a run", id="no name"),
        *(
            pytest.param(json.dumps(CONFIG | fields), message, id=str(fields))
            for fields, message in (
                ({"size": "64"}, "size is '64', expected int"),
                ({"size": 10**9}, "size is 1000000000, expected 8 to 16384"),
                ({"size": [8]}, r"size is \[8\], expected int"),
                ({"seed": -1}, "seed is -1, expected 0 to"),
                ({"seed": 2**32}, "seed is 4294967296, expected 0 to"),
                ({"seed": True}, "seed is True, expected int"),
                ({"validation": 5}, "validation is 5, expected 0.001 to 0.9"),
                ({"validation": float("nan")}, "validation is nan, expected 0.001 to 0.9"),
                ({"color": "purple"}, "color is 'purple', expected one of rgb, gray"),
                ({"resize": {}}, r"resize is \{\}, expected str"),
                ({"mixed_precision": 1}, "mixed_precision is 1, expected bool"),
                ({"max_images": 0}, "max_images is 0, expected 1 to"),
            )
        ),
        pytest.param(None, "cannot read .*expected the config.json of a run", id="no file"),
    ],
)
def test_configs_that_are_none(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "config.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=message):
        make_request("digits", None, {"config": path})


def test_a_config_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(UsageError, match=r"it is no regular file; expected the config\.json of a run"):
        make_request("digits", None, {"config": tmp_path / "config.json"})


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module that leaves a trace when it is imported, and files of a run that name it."""
    (tmp_path / "strange_nets.py").write_text("open('imported', 'w')\ndef build(shape): pass\n")
    fields = dict.fromkeys(("size", "color", "resize", "validation", "seed", "mixed_precision", "max_images"))
    (tmp_path / "config.json").write_text(json.dumps({**fields, "architecture": STRANGE, "recipe": {}}))
    taken = InputSpec(8, 8, 3, dtype="float32")
    (tmp_path / "spec.json").write_text(write_spec(ModelSpec(("a", "b"), taken, provenance=Provenance("1", STRANGE))))
    (tmp_path / "model.keras").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "source"),
    [({"config": Path("config.json")}, "config.json"), ({"earlier": Path()}, "spec.json")],
    ids=["--config", "--from"],
)
def test_a_module_is_not_imported_because_a_file_names_it(strangers: Path, flags: dict[str, Path], source: str) -> None:
    message = rf"{source} names the Python function {STRANGE}, .*: add --arch {STRANGE} if you trust it"
    with pytest.raises(UsageError, match=message):
        make_request("digits", None, flags)
    assert make_request("digits", None, {**flags, "architecture": STRANGE}).architecture == STRANGE
    assert not (strangers / "imported").exists()


def test_a_written_recipe_reads_as_it_was(tmp_path: Path) -> None:
    recipe = Recipe(name="mine", epochs=7, optimizer="lion", flip=True, weight_decay=1e-4, schedule="cosine")
    path = tmp_path / "mine.toml"
    path.write_text(write_recipe(recipe))
    assert load_recipe(str(path)) == recipe
    assert load_recipe(str(_config_with(recipe, tmp_path))) == recipe


def _config_with(recipe: Recipe, folder: Path) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({"recipe": dataclasses.asdict(recipe)}))
    return path
