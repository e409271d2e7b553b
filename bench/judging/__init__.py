"""What figures mean: which model to ship here, whether it got worse, how machines compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.bench.judging.baseline import check_common as check_common, regressions as regressions
    from cnnkit.bench.judging.decision import Decision as Decision, decide as decide
    from cnnkit.bench.judging.machines import (
        MachineComparison as MachineComparison,
        OnMachine as OnMachine,
        compare_reports as compare_reports,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "baseline": ("check_common", "regressions"),
            "decision": ("Decision", "decide"),
            "machines": ("MachineComparison", "OnMachine", "compare_reports"),
        },
    )
