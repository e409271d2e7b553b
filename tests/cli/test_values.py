from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.commands.options.values import Seconds, data_size


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "a.jpg", "--min-confidence", "nan"),
        ("quantize", "a.onnx", "--max-drop", "nan"),
        ("webcam", "--smooth", "inf"),
        ("bench", "--fps", "nan"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_number_of_a_range_is_endless_or_none(arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and "is no finite number" in result.stderr


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90), ("0.5", 0.5), ("500ms", 0.5), ("90s", 90), ("10m", 600), ("10 M", 600), ("1.5h", 5400),
        ("2d", 172_800), ("1e3", 1000),
    ],
)  # fmt: skip
def test_times(text, seconds):
    assert Seconds(0).convert(text, None, None) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "size"), [("20GB", 20 * 10**9), ("500 mb", 500 * 10**6), ("10", 10), ("10b", 10), ("1.5kB", 1500)]
)
def test_sizes(text, size):
    assert data_size(text) == size


@pytest.mark.parametrize("read", [lambda text: Seconds(0, min_open=True).convert(text, None, None), data_size])
@pytest.mark.parametrize("text", ["", "m", "ten", "-3m", "0", "nan", "inf", "5 parsec", "5 5s"])
def test_what_is_no_time_or_size(read, text):
    with pytest.raises(click.BadParameter):
        read(text)


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "film.mp4", "--every", "soon"),
        ("bench", "--duration", "soon"),
        *(("webcam", f"--{name}", "soon") for name in ("every", "stall", "timeout", "for", "segment", "max-seconds")),
    ],
    ids=" ".join,
)
def test_every_time_is_read_alike(arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "'soon' is no time, expected one such as 90, 500ms, 10m or 2h" in " ".join(result.stderr.split())
