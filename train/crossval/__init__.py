"""Cross-validation: folds that share nothing, trained one after the other, and their figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.crossval.crossval import cross_validate as cross_validate, run_crossval as run_crossval
    from cnnkit.train.crossval.report import print_crossval as print_crossval
else:
    __getattr__ = hand_on(
        __name__,
        {
            "crossval": ("cross_validate", "run_crossval"),
            "report": ("print_crossval",),
        },
    )
