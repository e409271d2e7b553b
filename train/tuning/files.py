"""What a search leaves behind: trials.csv, the best values as a recipe, and two pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnnkit.system import write_text
from cnnkit.train.pictures import open_picture, picture_text
from cnnkit.train.recipes import TrainingRequest, write_recipe
from cnnkit.train.tuning.oracles import Objective
from cnnkit.train.tuning.space import Value
from cnnkit.train.tuning.trials import Trial

_LEGEND = 12  # trials that a legend names
_PANELS = 4  # in a row
_BEST, _OTHER = "#d1495b", "#4c78a8"
_CURVES: dict[Objective, str] = {"val_accuracy": "validation accuracy", "val_loss": "validation cross-entropy"}


def shown_value(value: Value) -> str:
    """Returns a value as people write it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write_trials(path: Path, names: Sequence[str], objective: Objective, trials: Sequence[Trial]) -> None:
    """Writes one CSV row a finished trial; an accuracy is a fraction."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", objective, *names, "epochs_at_most", "seconds", "error"])
    for trial in trials:
        values = [trial.values[name] for name in names]
        writer.writerow([trial.number, trial.score, *values, trial.epochs, trial.seconds, trial.reason or None])
    write_text(path, text.getvalue())


def write_best(path: Path, request: TrainingRequest, best: Trial, objective: Objective) -> None:
    """Writes the recipe of the best trial."""
    found = f"# Trial {best.number}, {objective} {best.score:.4f}, network {request.architecture}.\n"
    write_text(path, found + write_recipe(request.recipe))


def write_pictures(folder: Path, names: Sequence[str], objective: Objective, trials: Sequence[Trial]) -> None:
    """Draws trials.png, the objective of all trials and over each value, and curves.png, accuracy and loss by epoch."""
    scored = [trial for trial in trials if trial.score is not None]
    _draw_trials(folder / "trials.png", names, objective, scored)
    if any(trial.history for trial in scored):
        _draw_curves(folder / "curves.png", names, scored)


def _draw_trials(path: Path, names: Sequence[str], objective: Objective, trials: Sequence[Trial]) -> None:
    sign = -1 if objective == "val_loss" else 1
    best = max(trials, key=lambda trial: sign * _score(trial))
    columns = min(_PANELS, 1 + len(names))
    rows = -(-(1 + len(names)) // columns)
    with open_picture(path, 3.4 * columns, 3.1 * rows) as figure:
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True).reshape(-1)
        _draw_progress(panels[0], objective, trials, best, sign)
        for panel, name in zip(panels[1:], names, strict=False):
            _draw_field(panel, name, trials, best)
        for panel in panels[1 + len(names) :]:
            panel.set_axis_off()
        for panel in panels[::columns]:
            panel.set_ylabel(objective)
            _in_percent(panel, objective)


def _draw_progress(panel: Any, objective: Objective, trials: Sequence[Trial], best: Trial, sign: int) -> None:
    from matplotlib.ticker import MaxNLocator

    numbers = [trial.number for trial in trials]
    so_far = [max(sign * _score(trial) for trial in trials[: end + 1]) * sign for end in range(len(trials))]
    panel.step(numbers, so_far, where="post", color="grey", linewidth=1, label="best so far")
    _draw_points(panel, numbers, trials, best)
    panel.set_xlabel("trial")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.legend(fontsize=8, loc="center right")


def _draw_field(panel: Any, name: str, trials: Sequence[Trial], best: Trial) -> None:
    values = [trial.values[name] for trial in trials]
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    panel.set_xlabel(name)
    if len(numbers) == len(values) and len(set(values)) > _PANELS:
        _draw_points(panel, values, trials, best)
        if min(numbers) > 0 and max(numbers) >= 8 * min(numbers):
            panel.set_xscale("log")
        return
    known = sorted(set(values), key=lambda value: (str(type(value)), value))
    _draw_points(panel, [known.index(value) for value in values], trials, best)
    labels = [picture_text(shown_value(value), 22) for value in known]
    long = max(map(len, labels)) > 8 and len(labels) > 2
    panel.set_xticks(
        range(len(known)), labels, fontsize=8, rotation=30 if long else 0, ha="right" if long else "center"
    )
    panel.margins(x=0.2)


def _draw_points(panel: Any, places: Sequence[Any], trials: Sequence[Trial], best: Trial) -> None:
    colours = [_BEST if trial is best else _OTHER for trial in trials]
    panel.scatter(places, [_score(trial) for trial in trials], c=colours, s=22, zorder=3)
    panel.grid(alpha=0.3)


def _draw_curves(path: Path, names: Sequence[str], trials: Sequence[Trial]) -> None:
    from matplotlib.ticker import MaxNLocator

    named = len(trials) <= _LEGEND
    with open_picture(path, 13.5 if named else 11.5, 4.2) as figure:
        panels = figure.subplots(1, 2)
        for panel, (column, title) in zip(panels, _CURVES.items(), strict=True):
            for index, trial in enumerate(trials):
                _draw_trial(panel, column, trial, names, _colour(index, len(trials)))
            panel.set(xlabel="epoch", title=title)
            panel.xaxis.set_major_locator(MaxNLocator(integer=True))
            _in_percent(panel, column)
            panel.grid(alpha=0.3)
        if named:
            title = picture_text(f"trial: {', '.join(names)}", 60)
            handles, labels = panels[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside right center", fontsize=8, title=title, title_fontsize=8)


def _draw_trial(panel: Any, column: Objective, trial: Trial, names: Sequence[str], colour: Any) -> None:
    label = f"{trial.number}: {', '.join(shown_value(trial.values[name]) for name in names)}"
    epochs = [row["epoch"] for row in trial.history]
    look = {"color": colour, "marker": "o", "markersize": 3, "alpha": 0.5 if colour == _OTHER else 1.0}
    panel.plot(epochs, [row[column] for row in trial.history], label=picture_text(label, 60), **look)


def _colour(index: int, trials: int) -> Any:
    """Returns a colour of its own for each of a few trials, and one for all of many."""
    from matplotlib import colormaps

    return colormaps["tab20" if trials > 10 else "tab10"](index % 20) if trials <= _LEGEND else _OTHER


def _in_percent(panel: Any, objective: Objective) -> None:
    from matplotlib.ticker import PercentFormatter

    if objective == "val_accuracy":
        panel.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))


def _score(trial: Trial) -> float:
    assert trial.score is not None  # those that failed are not drawn
    return trial.score
