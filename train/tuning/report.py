"""A search as it is printed."""

from __future__ import annotations

from cnnkit.report import NOTHING, percent, print_table, printable
from cnnkit.system import print_text
from cnnkit.train.tuning.files import shown_value
from cnnkit.train.tuning.trials import Trial
from cnnkit.train.tuning.tuning import Search


def print_search(search: Search, data: str) -> None:
    """Prints all trials on stdout, the best first, and the command that trains with what was found."""
    columns = (">trial", f">{search.objective}", *search.names, ">epochs", ">seconds", "error")
    sign = 1.0 if search.objective == "val_loss" else -1.0

    def place(trial: Trial) -> tuple[bool, float]:
        return trial.score is None, sign * (trial.score or 0.0)

    print_table(columns, [_row(trial, search) for trial in sorted(search.trials, key=place)])
    folder = printable(str(search.folder))
    print_text(f"\nwritten to {folder}; chosen on validation images, which flatters: measure it on others")
    flags = "".join(f" --{name} {value}" for name, value in search.input_flags.items())
    print_text(f"next: cnnkit train {data} --arch {search.architecture}{flags} --recipe {folder}/best.toml")


def _row(trial: Trial, search: Search) -> tuple[str, ...]:
    score = NOTHING if trial.score is None else f"{trial.score:.4f}"
    if trial.score is not None and search.objective == "val_accuracy":
        score = percent(trial.score)
    values = (printable(shown_value(trial.values[name])) for name in search.names)
    return str(trial.number), score, *values, str(trial.epochs), f"{trial.seconds:.0f}", printable(trial.reason)
