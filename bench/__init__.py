"""Honest measurements: latency, throughput, memory, accuracy, agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.bench.interruptions import interrupted_once as interrupted_once
    from cnnkit.bench.judging import compare_reports as compare_reports, regressions as regressions
    from cnnkit.bench.options import BATCH_SIZE as BATCH_SIZE, PHOTO as PHOTO, BenchOptions as BenchOptions
    from cnnkit.bench.run import run_bench as run_bench
    from cnnkit.bench.session import INTERRUPTED as INTERRUPTED, Session as Session, read_session as read_session
else:
    __getattr__ = hand_on(
        __name__,
        {
            "interruptions": ("interrupted_once",),
            "judging": ("compare_reports", "regressions"),
            "options": ("BATCH_SIZE", "PHOTO", "BenchOptions"),
            "run": ("run_bench",),
            "session": ("INTERRUPTED", "Session", "read_session"),
        },
    )
