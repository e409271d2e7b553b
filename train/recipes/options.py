"""Turns flags into a training request."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.train.architectures import (
    ARCHITECTURES,
    Architecture,
    add_option,
    choose_architecture,
    named_in,
    without_weights,
)
from cnnkit.train.devices import DeviceOptions
from cnnkit.train.recipes.deciding import AUTO, decide
from cnnkit.train.recipes.earlier import take_over
from cnnkit.train.recipes.recipe import Recipe, load_recipe, override, recipe_names
from cnnkit.train.recipes.request import TrainingRequest
from cnnkit.train.recipes.stored_config import read_config

_WEIGHTS = ("imagenet", "none")  # words of --weights; anything else is a file


def make_request(data: str, out: Path | None, flags: Mapping[str, Any], *, prefix: str = "") -> TrainingRequest:
    """Fills a request from flags; those that are None keep the config's, the recipe's or the default value.

    Args:
        data: digits, cifar10 or a folder; more folders are the flag `more_data`.
        out: The run folder; None takes runs/ARCHITECTURE-DATA, with the prefix before its name.
        flags: The fields of Recipe, TrainingRequest and DeviceOptions; `architecture`, as `choose_architecture` reads
            it, or "auto", by default the one whose name the recipe bears, else "auto"; `head_only`, for no epochs;
            `earlier`, a run folder to go on from; `weights`, an option of some architectures, or a file of weights for
            any; `recipe`, a recipe's name or file; `config`, the config.json of a run to repeat.
        prefix: Of the run folder's default name.

    Raises:
        UsageError: An unknown architecture or recipe, a number out of range, or a config that is none.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    config, source = given.pop("config", None), given.pop("recipe", None)
    if config is not None:
        read = read_config(config)
        if "architecture" not in given:
            named_in(read["architecture"], config)
        given, source = {**read, **given}, source or str(config)
    free = _free_fields(given, source)
    if "earlier" in given:
        given = take_over(given["earlier"], given, out)
    if given.pop("head_only", False):
        given["epochs"] = 0
    architecture = given.pop("architecture", source if source in ARCHITECTURES else AUTO)
    if architecture == AUTO:
        architecture, given = _decided(data, given)
    if "weights" in given:
        architecture, given["weights_file"] = _start_from(
            architecture, given["weights"], resume=given.get("resume", False)
        )
    network = choose_architecture(architecture)
    recipe = override(load_recipe(source) if source else _own_recipe(network.architecture), _only(given, Recipe))
    rest = _only(given, TrainingRequest)
    if data == "digits":
        rest.setdefault("color", "gray")
    name = "+".join(Path(folder).resolve().name for folder in (data, *rest.get("more_data", ())))
    return TrainingRequest(
        data=data,
        architecture=network.text,
        recipe=recipe,
        out=out or Path("runs") / f"{prefix}{_folder_name(network.text)}-{name}",
        devices=DeviceOptions(**_only(given, DeviceOptions)),
        free=free,
        **rest,
    )


def _decided(data: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns the architecture that suits a dataset, and the flags with what it brings where nobody has said it."""
    decision = decide(data, pretrained=given.get("weights") != "none")
    brought = {name: getattr(decision, name) for name in ("size", "resize") if getattr(decision, name) is not None}
    return decision.architecture, {**brought, **given}


def _free_fields(given: Mapping[str, Any], source: str | None) -> frozenset[str]:
    """Returns the recipe's fields that nobody has said; none of a recipe of the user's own, or of a run repeated."""
    if source is not None and source not in recipe_names():
        return frozenset()
    said = {*given, *(["epochs"] if given.get("head_only") else [])}
    return frozenset(field.name for field in dataclasses.fields(Recipe) if field.name not in said)


def _start_from(architecture: str, weights: str, *, resume: bool) -> tuple[str, Path | None]:
    """Returns the architecture with its option `weights`, and the file that `--weights` names; None for a word.

    Raises:
        UsageError: There is no such file and none that is resumed, or the architecture's options say something else.
    """
    if weights == "none":
        return without_weights(architecture), None
    if weights == "imagenet":
        return _with_imagenet(architecture), None
    path = Path(weights)
    if not (path.is_file() or resume):
        raise UsageError(
            f"--weights {weights}: no such file, expected {', '.join(_WEIGHTS)}, or a Keras file of weights"
        )
    return without_weights(architecture), path


def _with_imagenet(architecture: str) -> str:
    """Returns the architecture with the weights of ImageNet.

    Raises:
        UsageError: There are none of it.
    """
    if hasattr(choose_architecture(architecture).options, "weights"):
        return add_option(architecture, "weights", "imagenet")
    there = [name for name, known in sorted(ARCHITECTURES.items()) if hasattr(known.options(), "weights")]
    raise UsageError(f"--weights imagenet: there are none of {architecture}, expected one of {', '.join(there)}")


def _own_recipe(architecture: Architecture) -> Recipe:
    """Returns the recipe of an architecture's name; the defaults for the user's own."""
    return load_recipe(architecture.name) if architecture.name in ARCHITECTURES else Recipe()


def _folder_name(text: str) -> str:
    """Returns a name that is allowed for folders everywhere: "resnet8:width=32" becomes "resnet8-width-32"."""
    return re.sub(r"[^\w.]+", "-", text)


def _only(flags: Mapping[str, Any], owner: type) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(owner)}
    return {name: value for name, value in flags.items() if name in names}
