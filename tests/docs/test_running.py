"""The page on boxes that run for months: what it shows fits together."""

from __future__ import annotations

from pages import RUNNING, calls, text_of


def test_every_call_that_runs_alone_has_a_watchdog() -> None:
    alone = [call for call in calls(text_of(RUNNING)) if call[0] == "webcam" and "--max-seconds" not in call]
    assert [call for call in alone if "--watchdog" not in call and "--list" not in call] == []
