from __future__ import annotations

import io
import json
import os
import sys

import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.system.terminal import data_stdout, print_data, print_text

HOSTILE = "a\x1b[2J\x9b\u202eb\U000e0041ü"
ESCAPED = "a\\x1b[2J\\x9b\\u202eb\\U000e0041ü"


class Terminal(io.TextIOWrapper):
    def __init__(self, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def written(monkeypatch, is_terminal, call, *arguments, **options) -> str:
    """What a call writes."""
    stdout = Terminal(is_terminal)
    with monkeypatch.context() as context:
        context.setattr(sys, "stdout", stdout)
        call(*arguments, **options)
        stdout.flush()
    return stdout.buffer.getvalue().decode()


both = pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "pipe"])


@both
def test_text_is_always_clean(monkeypatch, is_terminal):
    text = written(monkeypatch, is_terminal, print_text, f"one\n{HOSTILE}")
    assert text.replace(os.linesep, "\n") == f"one\n{ESCAPED}\n"


@both
def test_rows_keep_their_values(monkeypatch, is_terminal):
    def write():
        data_stdout(is_json=True).write((json.dumps({HOSTILE: ["\n"]}, ensure_ascii=False) + "\n").encode())
        data_stdout(is_json=True).flush()

    text = written(monkeypatch, is_terminal, write)
    assert json.loads(text) == {HOSTILE: ["\n"]} and ("\x9b" in text) != is_terminal


@both
@pytest.mark.parametrize("is_json", [True, False], ids=["json", "csv"])
def test_machine_formats_are_cleaned_on_a_terminal_alone(monkeypatch, is_terminal, is_json):
    value = "a\x9b,b\u202e,\x7f\n"
    given = json.dumps(value, ensure_ascii=False) if is_json else value
    text = written(monkeypatch, is_terminal, print_data, given, is_json=is_json)
    assert all(char.isprintable() or char == "\n" for char in text) == is_terminal
    assert (json.loads(text) == value) if is_json else (is_terminal or text == value)


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be")
def test_names_of_files_on_a_terminal(tiny_model, make_image, monkeypatch):
    path = make_image("photos/a\x1b]0;owned\x07.png")
    call = ["predict", str(path), "--model", str(tiny_model), "--format"]
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    for style in ("csv", "jsonl", "json", "table"):
        done = CliRunner(env={"TERM": "dumb"}).invoke(main, [*call, style])
        assert done.exit_code == 0 and "owned" in done.stdout.replace("\n", "")  # a table breaks long names
        assert "\x1b" not in done.stdout and "\x07" not in done.stdout
