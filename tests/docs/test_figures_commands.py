"""What the commands of figures print is what is read, tried with short settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from figures.needs import data_folder, missing
from figures.registry import chosen
from figures.running import Runner

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("damaged", "--count 40"),
        ("damage", "--count 10"),
        ("layouts", ""),
        ("startup", "--runs 2"),
        *(
            pytest.param(name, options, marks=pytest.mark.slow)
            for name, options in (
                ("photos", "--count 4 --rounds 2"),
                ("latency", "--runs 20"),
                ("latency-one-thread", "--runs 20"),
                ("latency-keras", "--runs 20"),
                ("contenders", "--runs 20"),
                ("export", ""),
                ("imagenet", ""),
                ("own-photos", "--arguments=--head-only"),
                ("first-stage", "--images 64 --runs 2"),
                ("parity", "resnet8"),
                ("resume", "--rows 20000 --kills 1"),
                ("runtimes", "--runs 20 --images 20"),
                ("training", "--images 128 --rounds 2"),
                ("training-memory", "--images 100"),
            )
        ),
    ],
)
def test_commands_print_what_is_read(name: str, options: str, tmp_path: Path) -> None:
    (measurement,) = chosen([name])
    reason = missing(measurement, data_folder())
    if reason:
        pytest.skip(reason)
    (command,) = measurement.commands
    output = Runner(ROOT, tmp_path, data_folder()).run(f"{command} {options}")
    assert all(row.read(output) for row in measurement.rows)
