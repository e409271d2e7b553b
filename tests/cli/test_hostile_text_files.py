"""Recipes, spaces, lists and reports from strangers: one line of an error, whatever is in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnnkit.bench.session import read_session
from cnnkit.errors import CnnkitError
from cnnkit.foreign.labels import parse_labels
from cnnkit.runtime.run_folder import read_run_spec
from cnnkit.train.recipes.recipe import load_recipe
from cnnkit.train.recipes.stored_config import read_config
from cnnkit.train.tuning.space import load_space

CONTENTS = {
    "deep": b'{"recipe": ' + b"[" * 100_000,
    "deep TOML": b"epochs = " + b"[" * 100_000,
    "no text": b"\xff\xfe\xfd\xfc",
    "endless number": b'{"recipe": {"epochs": ' + b"9" * 5000 + b"}}",
    "no number": b'{"recipe": {"epochs": NaN}}',
    "infinity": b'{"recipe": {"learning_rate": 1e999}}',
    "a list": b"[]",
    "nothing": b"",
}
READERS = {
    "recipe.toml": lambda path: load_recipe(str(path)),
    "config.json": lambda path: load_recipe(str(path)),
    "stored.json": read_config,
    "space.toml": lambda path: load_space(str(path)),
    "labels.json": lambda path: parse_labels(str(path)),
    "spec.json": lambda path: read_run_spec(path.with_name("model.keras")),
    "bench.json": read_session,
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", READERS)
def test_one_line_says_what_is_wrong(tmp_path: Path, name: str, content: str) -> None:
    if (name, content) == ("recipe.toml", "nothing"):
        pytest.skip("an empty recipe is one of defaults")
    (tmp_path / "model.keras").touch()
    (tmp_path / name).write_bytes(CONTENTS[content])
    with pytest.raises(CnnkitError) as caught:
        READERS[name](tmp_path / name)
    assert "\n" not in str(caught.value) and len(str(caught.value)) <= 1100


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
@pytest.mark.parametrize("name", ["bench.json", "recipe.toml", "space.toml", "stored.json"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(CnnkitError):
        READERS[name](tmp_path / name)
