"""How right a model is: answers, metrics, plots and the report over labelled images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.evaluation.answers import cross_entropies as cross_entropies
    from cnnkit.train.evaluation.evaluating import (
        EvaluationOptions as EvaluationOptions,
        run_evaluation as run_evaluation,
    )
    from cnnkit.train.evaluation.labels import measure_labels as measure_labels
    from cnnkit.train.evaluation.report import print_evaluation as print_evaluation
else:
    __getattr__ = hand_on(
        __name__,
        {
            "answers": ("cross_entropies",),
            "evaluating": ("EvaluationOptions", "run_evaluation"),
            "labels": ("measure_labels",),
            "report": ("print_evaluation",),
        },
    )
