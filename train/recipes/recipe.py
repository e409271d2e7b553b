"""Recipes: every number of a training, as a TOML file and a frozen dataclass with the same field names."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.system import parse_json, parse_toml
from cnnkit.train.recipes.fields import check_fields, choice, number, switch, whole

RECIPE_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """How a network is trained."""

    name: str = "custom"
    epochs: int = whole(20, 0, 100_000, "Passes over the training images; 0 fits the last layer alone.")
    batch_size: int = whole(128, 1, 65_536, "Images a step.")

    optimizer: str = choice(("adam", "adamw", "sgd", "nadam", "rmsprop", "lion"), "What turns gradients into steps.")
    learning_rate: float = number(1e-3, 1e-9, 100.0, "The peak, for schedules that move.")
    momentum: float = number(0.9, 0.0, 0.999, "For SGD (Nesterov's) and RMSprop.")
    beta_1: float = number(0.9, 0.0, 0.9999, "Decay of the mean gradient: Adam, AdamW, Nadam, Lion.")
    beta_2: float = number(0.999, 0.0, 0.99999, "Decay of the mean square: Adam, AdamW, Nadam, RMSprop's rho, Lion.")
    epsilon: float = number(1e-7, 1e-12, 1.0, "Keeps Adam, AdamW, Nadam and RMSprop from dividing by 0.")
    weight_decay: float = number(0.0, 0.0, 10.0, "Decoupled: w -= learning rate x this x w, on kernels alone.")
    clip_norm: float = number(0.0, 0.0, 1e6, "Largest norm of all gradients together; 0 clips nothing.")
    ema: float = number(
        0.0, 0.0, 0.99999, "Decay of a running average of the weights, kept instead of them; 0 for none."
    )

    schedule: str = choice(
        ("constant", "steps", "halving", "plateau", "cosine", "one-cycle"), "How the learning rate moves."
    )
    warmup: float = number(0.0, 0.0, 1.0, "Share of the steps in which the learning rate rises to its peak.")
    decay_every: int = whole(10, 1, 100_000, "Epochs between two drops: steps, halving; epochs to wait: plateau.")
    decay_factor: float = number(0.1, 0.001, 0.999, "What a drop multiplies by: steps, plateau.")
    decay_once: bool = switch("Drop a single time: steps.")

    early_stopping: int = whole(0, 0, 100_000, "Stop after so many epochs without a better one; 0 never.")
    checkpoint: str = choice(("val_loss", "val_accuracy", "last"), "Which epoch is kept.")
    standardise: str = choice(("mean-std", "range"), "Input: mean 0 and deviation 1, or 0 to 1.")

    head_first: bool = switch("Where all other layers are trained already: first fit the last one on their features.")
    views: int = whole(1, 0, 32, "Augmented views of each image that the last layer is fitted on, besides the image.")
    fine_tune: str = choice(
        ("all", "upper"), "Layers that are trained: all, or of a pretrained base the upper ones, its statistics frozen."
    )

    label_smoothing: float = number(0.0, 0.0, 0.99, "Share of the target given to all classes alike.")
    dropout: float = number(0.0, 0.0, 0.99, "Share of the features dropped before the last layer.")
    l1: float = number(0.0, 0.0, 10.0, "L1 penalty on kernels.")
    l2: float = number(0.0, 0.0, 10.0, "L2 penalty on kernels.")
    class_weights: bool = switch("Weigh rare classes more, in proportion.")
    temperature: float = number(4.0, 0.1, 100.0, "Softens the answers of a teacher and of its pupil.")
    distillation: float = number(0.9, 0.0, 1.0, "Share of the loss that is the teacher's; the rest is the labels'.")

    flip: bool = switch("Mirror left and right.")
    translate: float = number(0.0, 0.0, 0.9, "Largest shift, as a fraction of the size.")
    rotate: float = number(0.0, 0.0, 180.0, "Largest angle, degrees.")
    shear: float = number(0.0, 0.0, 1.0, "Largest shear, as a fraction of the size.")
    zoom: float = number(0.0, 0.0, 0.9, "Largest change of height and of width, as a fraction.")
    fill: str = choice(("constant", "nearest", "reflect"), "What shifts and turns bring in: black, or the border.")
    brightness: float = number(0.0, 0.0, 1.0, "Largest change of brightness, as a fraction of 255.")
    contrast: float = number(0.0, 0.0, 1.0, "Largest change of contrast, as a fraction.")
    rand_augment: float = number(0.0, 0.0, 1.0, "Strength of RandAugment; 0 leaves it out.")
    random_erasing: float = number(0.0, 0.0, 1.0, "Share of the images in which a rectangle is erased.")
    mixup: float = number(0.0, 0.0, 10.0, "MixUp's alpha; 0 leaves it out.")
    cutmix: float = number(0.0, 0.0, 10.0, "CutMix's alpha; 0 leaves it out.")


def recipe_names() -> tuple[str, ...]:
    """Returns the names of the recipes that ship with cnnkit."""
    return tuple(sorted(path.stem for path in RECIPE_FOLDER.glob("*.toml")))


def load_recipe(name_or_file: str) -> Recipe:
    """Reads a shipped recipe by its name, or one of the user's by its path.

    Args:
        name_or_file: A name, a TOML file, or the config.json of a run, whose recipe is taken.

    Raises:
        UsageError: There is no such recipe, or a field is unknown, ill-typed or out of range.
    """
    path = RECIPE_FOLDER / f"{name_or_file}.toml" if name_or_file in recipe_names() else Path(name_or_file)
    if not path.is_file():
        raise UsageError(f"no recipe {name_or_file!r}: expected a TOML file or one of {', '.join(recipe_names())}")
    return override(Recipe(name=path.stem), _read_fields(path), where=f"recipe {path.name}")


def override(recipe: Recipe, fields: dict[str, Any], *, where: str = "options") -> Recipe:
    """Returns the recipe with some fields changed and checked.

    Args:
        recipe: Where the other fields come from.
        fields: Field name to value.
        where: What the fields were read from, for messages.

    Raises:
        UsageError: A field is unknown, ill-typed or out of range.
    """
    return dataclasses.replace(recipe, **check_fields(Recipe, fields, where))


def write_recipe(recipe: Recipe) -> str:
    """Returns a recipe as TOML: every field that differs from its default, with its meaning."""
    lines = []
    for entry in dataclasses.fields(Recipe):
        value = getattr(recipe, entry.name)
        if entry.name != "name" and value != entry.default:
            lines.append(f"{entry.name} = {json.dumps(value)}  # {entry.metadata['meaning']}")
    return "\n".join(lines) + "\n"


def _read_fields(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        if path.suffix == ".json":
            return dict(parse_json(text)["recipe"])
        return parse_toml(text)
    except (ValueError, KeyError, TypeError) as error:  # of the text, then of what it holds
        kind = "config.json of a run" if path.suffix == ".json" else "TOML"
        raise UsageError(f"recipe {path.name} is no {kind}: {error}") from error
