"""Recipes: how a network is trained, as TOML files and options, and the request made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.recipes.earlier import earlier_spec as earlier_spec
    from cnnkit.train.recipes.options import make_request as make_request
    from cnnkit.train.recipes.published import published_figure as published_figure
    from cnnkit.train.recipes.recipe import (
        Recipe as Recipe,
        load_recipe as load_recipe,
        override as override,
        recipe_names as recipe_names,
        write_recipe as write_recipe,
    )
    from cnnkit.train.recipes.request import TrainingRequest as TrainingRequest, load_images as load_images
    from cnnkit.train.recipes.small_data import few_steps as few_steps, fit_to_images as fit_to_images
    from cnnkit.train.recipes.stored_config import CONFIG_FILE as CONFIG_FILE, begun_from as begun_from
else:
    __getattr__ = hand_on(
        __name__,
        {
            "earlier": ("earlier_spec",),
            "options": ("make_request",),
            "published": ("published_figure",),
            "recipe": ("Recipe", "load_recipe", "override", "recipe_names", "write_recipe"),
            "request": ("TrainingRequest", "load_images"),
            "small_data": ("few_steps", "fit_to_images"),
            "stored_config": ("CONFIG_FILE", "begun_from"),
        },
    )
