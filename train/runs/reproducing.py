"""The command that repeats a training, from the config.json of its run."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from cnnkit.train.architectures import ARCHITECTURES, find_architecture
from cnnkit.train.recipes import Recipe, TrainingRequest, few_steps, load_recipe, recipe_names

# Fields of config.json whose flags are left out where they say what is the case anyway.
_PLAIN = ("resize", "validation", "max_images", "val_data", "test_data")
_DEFAULTS = {field.name: field.default for field in dataclasses.fields(TrainingRequest)}


def train_command(config: Mapping[str, Any], recipe: Recipe) -> str:
    """Returns the command: epochs and seed always, and every other flag that is not at its default.

    Args:
        config: The fields of config.json.
        recipe: The recipe in it.

    Raises:
        UsageError: There is no such architecture.
        KeyError: A field is missing.
    """
    words = ["cnnkit", "train", config["data"], "--arch", config["architecture"]]
    return shlex.join([*words, *_recipe_flags(config, recipe), *_other_flags(config)])


def _recipe_flags(config: Mapping[str, Any], recipe: Recipe) -> Iterator[str]:
    name = find_architecture(config["architecture"]).name
    shipped = recipe.name in recipe_names()
    if shipped and recipe.name != name:
        yield from ("--recipe", recipe.name)
    own = load_recipe(name) if name in ARCHITECTURES else Recipe()
    base = load_recipe(recipe.name) if shipped else own
    always = {"epochs"}
    if few_steps((config.get("images") or {}).get("train", recipe.batch_size * 100), recipe.batch_size):
        always |= {"batch_size", "learning_rate"}  # which would be fitted to the number of images
    for field in dataclasses.fields(Recipe):
        value = getattr(recipe, field.name)
        if field.name in always or (field.name != "name" and value != getattr(base, field.name)):
            yield from _flag(field.name, value)


def _other_flags(config: Mapping[str, Any]) -> Iterator[str]:
    yield from _flag("seed", config["seed"])
    if config["size"] != find_architecture(config["architecture"]).size:
        yield from _flag("size", config["size"])
    if config["color"] != ("gray" if config["data"] == "digits" else "rgb"):
        yield from _flag("color", config["color"])
    for name in _PLAIN:
        if config.get(name) != _DEFAULTS[name]:
            yield from _flag(name, config[name])
    if config["mixed_precision"]:
        yield "--mixed-precision"
    if config["teacher"]:
        yield from ("--teacher", "TEACHER")  # known by its SHA-256 alone, as is the next
    if config.get("weights"):
        yield from ("--weights", "WEIGHTS")


def _flag(name: str, value: object) -> tuple[str, ...]:
    word = name.replace("_", "-")
    if isinstance(value, bool):
        return (f"--{word}" if value else f"--no-{word}",)
    return f"--{word}", f"{value}"
