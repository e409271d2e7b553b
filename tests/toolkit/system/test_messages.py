"""Messages on stderr: what libraries warn of is one of them."""

from __future__ import annotations

import warnings

import pytest

from cnnkit.system.messages import log, show_messages


@pytest.fixture(autouse=True)
def log_as_before():
    before = log.handlers, log.propagate, log.level
    with warnings.catch_warnings(action="default"):
        yield
    log.handlers, log.propagate = before[:2]
    log.setLevel(before[2])


def test_a_library_s_warning_is_one_line_without_its_code_and_told_once_a_place(capsys):
    show_messages(0)
    for size in (6, 8):
        warnings.warn(f"a softmax\nover an axis of {size}", UserWarning, stacklevel=1)
    warnings.warn("x" * 5000, RuntimeWarning, stacklevel=1)
    assert capsys.readouterr().err.splitlines() == [
        "cnnkit: warning: a softmax over an axis of 6",
        f"cnnkit: warning: {'x' * 300}...",
    ]


def test_quietly(capsys):
    show_messages(-1)
    warnings.warn("nothing", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == ""
