"""Searches for the best network and recipe: spaces, trials, oracles, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.tuning.report import print_search as print_search, settled_fields as settled_fields
    from cnnkit.train.tuning.space import load_space as load_space
    from cnnkit.train.tuning.tuning import SearchOptions as SearchOptions, run_search as run_search
else:
    __getattr__ = hand_on(
        __name__,
        {
            "report": ("print_search", "settled_fields"),
            "space": ("load_space",),
            "tuning": ("SearchOptions", "run_search"),
        },
    )
