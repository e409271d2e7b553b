"""Event files, read back with TensorBoard's own reader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.errors import OutputError
from cnnkit.train.fitting.tensorboard import EventFile

ROWS = tuple({"epoch": float(n), "loss": 2.0 / n, "val_accuracy": 0.25 * n} for n in (1, 2, 3))


def read_back(run: Path) -> dict[str, list[tuple[int, float, float]]]:
    """The curves of a run: tag to (step, value, seconds since 1970)."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    curves: dict[str, list[tuple[int, float, float]]] = {}
    (path,) = (run / "tensorboard").iterdir()
    for event in LegacyEventFileLoader(str(path)).Load():
        for value in event.summary.value:
            curves.setdefault(value.tag, []).append((event.step, value.simple_value, event.wall_time))
    return curves


def test_every_epoch_is_a_point_of_each_curve(tmp_path: Path) -> None:
    events = EventFile(tmp_path, (), clock=iter([5.0, 10.0, 20.0, 30.0]).__next__)
    for row in ROWS:
        events.add(row)
    assert read_back(tmp_path) == {
        "loss": [(1, 2.0, 10.0), (2, 1.0, 20.0), (3, pytest.approx(2 / 3), 30.0)],
        "val_accuracy": [(1, 0.25, 10.0), (2, 0.5, 20.0), (3, 0.75, 30.0)],
    }


def test_a_training_that_goes_on_has_no_point_twice(tmp_path: Path) -> None:
    first = EventFile(tmp_path, ())
    for row in ROWS:
        first.add(row)  # killed after the third epoch, whose checkpoint was not written
    EventFile(tmp_path, ROWS[:2]).add(ROWS[2])
    assert [step for step, *_ in read_back(tmp_path)["loss"]] == [1, 2, 3]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot write .*tensorboard"):
        EventFile(tmp_path, ())


def test_the_flag_writes_what_history_holds(tmp_path: Path) -> None:
    run = tmp_path / "run"
    call = ["train", "digits", "--epochs", "2", "--max-images", "60", "--size", "8", "--out", str(run), "--tensorboard"]
    assert CliRunner().invoke(main, call, catch_exceptions=False).exit_code == 0
    header, *rows = (run / "history.csv").read_text().splitlines()
    curves = read_back(run)
    assert set(curves) == set(header.split(",")) - {"epoch"}
    losses = [float(row.split(",")[header.split(",").index("loss")]) for row in rows]
    assert [value for _, value, _ in curves["loss"]] == pytest.approx(losses)


def test_writing_imports_no_tensorflow(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cnnkit.train.fitting.tensorboard import EventFile; "
        "EventFile(Path(sys.argv[1]), ({'epoch': 1.0, 'loss': 0.5},)); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
