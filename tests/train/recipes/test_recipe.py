from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from cnnkit.errors import UsageError
from cnnkit.train.architectures import ARCHITECTURES
from cnnkit.train.recipes.recipe import Recipe, load_recipe, override, recipe_names


def test_every_architecture_has_a_recipe_of_its_own() -> None:
    assert set(ARCHITECTURES) <= set(recipe_names())


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_load(name: str) -> None:
    assert load_recipe(name).name == name


def test_a_recipe_file_sets_its_fields_and_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("epochs = 3\nlearning_rate = 1\nflip = true\n")
    assert load_recipe(str(path)) == dataclasses.replace(Recipe(), name="mine", epochs=3, learning_rate=1.0, flip=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("epoch = 3", "unknown field 'epoch'", id="typo"),
        pytest.param("epochs = 'many'", "epochs is 'many', expected int", id="type"),
        pytest.param("epochs = true", "epochs is True, expected int", id="bool for int"),
        pytest.param("epochs = -1", "epochs is -1, expected 0 to 100000", id="range"),
        pytest.param("flip = 1", "flip is 1, expected bool", id="int for bool"),
        pytest.param("optimizer = 'sdg'", "optimizer is 'sdg', expected one of adam, adamw", id="choice"),
        pytest.param("epochs = = 3", "recipe bad.toml is no TOML", id="no TOML"),
    ],
)
def test_a_bad_recipe_is_refused_with_the_field_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        load_recipe(str(path))


def test_a_missing_recipe_names_the_shipped_ones() -> None:
    with pytest.raises(UsageError, match="no recipe 'nothing': expected a TOML file or one of best, bn2, bn3"):
        load_recipe("nothing")


def test_override_changes_one_field() -> None:
    assert override(Recipe(), {"zoom": 0.2}) == Recipe(zoom=0.2)
