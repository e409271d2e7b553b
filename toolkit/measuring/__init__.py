"""Measuring: timing that takes turns, statistics with intervals, differences between two stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.measuring.decisions import (
        Limits as Limits,
        above as above,
        decided as decided,
        margins as margins,
        numbered as numbered,
    )
    from cnnkit.measuring.stages import Stage as Stage, stage_of as stage_of, worst_and_changes as worst_and_changes
    from cnnkit.measuring.statistics import (
        Interval as Interval,
        enough_runs as enough_runs,
        macro_f1 as macro_f1,
        mcnemar_p_value as mcnemar_p_value,
        paired_drop_interval as paired_drop_interval,
        percentile_intervals as percentile_intervals,
        ratio_of_medians as ratio_of_medians,
        wilson_interval as wilson_interval,
    )
    from cnnkit.measuring.timing import (
        REST_S as REST_S,
        ROUNDS as ROUNDS,
        Clock as Clock,
        WarmUp as WarmUp,
        by_round as by_round,
        no_garbage_collection as no_garbage_collection,
        runs_in_round as runs_in_round,
        time_calls as time_calls,
        time_interleaved as time_interleaved,
        turn_order as turn_order,
        warm_up as warm_up,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "decisions": ("Limits", "above", "decided", "margins", "numbered"),
            "stages": ("Stage", "stage_of", "worst_and_changes"),
            "statistics": (
                "Interval",
                "enough_runs",
                "macro_f1",
                "mcnemar_p_value",
                "paired_drop_interval",
                "percentile_intervals",
                "ratio_of_medians",
                "wilson_interval",
            ),
            "timing": (
                "REST_S",
                "ROUNDS",
                "Clock",
                "WarmUp",
                "by_round",
                "no_garbage_collection",
                "runs_in_round",
                "time_calls",
                "time_interleaved",
                "turn_order",
                "warm_up",
            ),
        },
    )
