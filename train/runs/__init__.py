"""Run folders: one training from its request to its results, resumed and repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.runs.finished_runs import FinishedRun as FinishedRun, read_run as read_run
    from cnnkit.train.runs.folder import RunConfig as RunConfig, RunFolder as RunFolder
    from cnnkit.train.runs.outcome import outcome_lines as outcome_lines
    from cnnkit.train.runs.training import (
        check_request as check_request,
        planned_layers as planned_layers,
        run_config as run_config,
        run_training as run_training,
        train_in_folder as train_in_folder,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "finished_runs": ("FinishedRun", "read_run"),
            "folder": ("RunConfig", "RunFolder"),
            "outcome": ("outcome_lines",),
            "training": ("check_request", "planned_layers", "run_config", "run_training", "train_in_folder"),
        },
    )
