"""Many images: found, decoded, classified batch by batch, each with its own row whatever happens to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.predicting.averaging import FlipAveraged as FlipAveraged
    from cnnkit.predicting.counts import RunCounts as RunCounts, count as count
    from cnnkit.predicting.explained import ExplainRun as ExplainRun, run_explain as run_explain
    from cnnkit.predicting.options import NamedClassifier as NamedClassifier, PredictOptions as PredictOptions
    from cnnkit.predicting.outputs import OutputOptions as OutputOptions
    from cnnkit.predicting.predictor import Predictor as Predictor
    from cnnkit.predicting.run import PredictRun as PredictRun, open_models as open_models, run_predict as run_predict
else:
    __getattr__ = hand_on(
        __name__,
        {
            "averaging": ("FlipAveraged",),
            "counts": ("RunCounts", "count"),
            "explained": ("ExplainRun", "run_explain"),
            "options": ("NamedClassifier", "PredictOptions"),
            "outputs": ("OutputOptions",),
            "predictor": ("Predictor",),
            "run": ("PredictRun", "open_models", "run_predict"),
        },
    )
