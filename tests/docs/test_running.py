"""The page on boxes that run for months: what systemd is told fits together."""

from __future__ import annotations

from configparser import ConfigParser

from pages import RUNNING, blocks, calls, command_named, text_of


def unit() -> ConfigParser:
    parser = ConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    (text,) = blocks(text_of(RUNNING), "ini")
    parser.read_string(text)
    return parser


def test_systemd_waits_longer_than_the_watchdog() -> None:
    service = unit()["Service"]
    words = service["ExecStart"].split()[2:]
    context = command_named("webcam").make_context("webcam", words)
    assert context.params["watchdog_s"] < float(service["WatchdogSec"])
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    assert context.params["headless"] and f"/var/lib/{service['StateDirectory']}" == service["WorkingDirectory"]


def test_every_call_that_runs_alone_has_a_watchdog() -> None:
    alone = [call for call in calls(text_of(RUNNING)) if call[0] == "webcam" and "--max-seconds" not in call]
    assert [call for call in alone if "--watchdog" not in call and "--list" not in call] == []
