"""`make bench` measures, and replaces rows of both pages, the list of keys, and nothing else."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import write_figures
from figures.figure import DATA, FigureError, Measurement, Output, Row, Table
from figures.writing import Page, measured_on, with_figures

from cnnkit.errors import OutputError
from cnnkit.machine.machine import describe_machine

PAGE = """# figures

The models (`models`; 2020-01-01, abacus, 1 processor):

| contender | p50 ms |
|---|---|
| old | 7 |

text

| what | figure | key | measured |
|---|---|---|---|
| speed | 1 | `one` | 2020-01-01, abacus, 1 processor |
| speed of others | 2 | `two` | 2020-01-01, abacus, 1 processor |

## Keys

```console
# old: about 1 min
```

the end, without a line end"""
README = """# a project

| what | figure | key | measured |
|---|---|---|---|
| speed | 1 | `one` | 2020-01-01, abacus, 1 processor |
"""
KEYS = re.compile(r"(?<=```console\n).*(?=\n```)", re.DOTALL)
# Says what it is told as JSON, fails, or interrupts who started it and waits to be interrupted.
SAY = """
import json, os, pathlib, signal, sys, time
what = sys.argv[1]
if what == "fail":
    sys.exit("it did not work")
if what == "interrupt":
    os.kill(os.getppid(), signal.SIGINT)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pathlib.Path(sys.argv[2]).write_text("ended in order")
        raise SystemExit(1)
with open(pathlib.Path(__file__).with_name("log"), "a") as log:
    log.write(what + "\\n")
print("for people")
print(json.dumps({"value": what, "json": sys.argv[-1], "here": sorted(os.listdir())}))
"""


def row(what: str, key: str = "value") -> Row:
    return Row(what, lambda output: str(output.last_line()[key]))


def say(name: str, what: str, *said: str, rows: tuple[Row, ...] = (), **options: object) -> Measurement:
    commands = tuple(f"python tests/scripts/say.py {words}" for words in said)
    return Measurement(name, commands, rows or (row(what),), minutes=1, **options)


@pytest.fixture
def measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Runs the script over some measurements; returns the exit code and the page of all figures."""
    scripts = tmp_path / "tests" / "scripts"
    scripts.mkdir(parents=True)
    (tmp_path / "toolkit").mkdir()
    (scripts / "say.py").write_text(SAY)
    page, readme = tmp_path / "FIGURES.md", tmp_path / "README.md"
    page.write_text(PAGE)
    readme.write_text(README)
    monkeypatch.setattr(write_figures, "ROOT", tmp_path)
    monkeypatch.delenv("CNNKIT_CIFAR10_JPEG", raising=False)

    def run(*measurements: Measurement, names: tuple[str, ...] = ()) -> tuple[int, str]:
        monkeypatch.setattr("figures.registry.MEASUREMENTS", measurements)
        pages = (Page(page), Page(readme, complete=False))
        return write_figures.main(list(names), pages), page.read_text()

    return run


def changed(text: str) -> list[str]:
    """The lines that are not those of before, beside the list of keys."""
    before, after = (KEYS.sub("", page).split("\n") for page in (PAGE, text))
    assert len(after) == len(before)
    return [new for new, old in zip(after, before, strict=True) if new != old]


def test_a_row_is_replaced_and_no_other(measure, tmp_path: Path) -> None:
    code, text = measure(say("mine", "speed", "42"))
    (line,) = changed(text)
    assert line == "| speed | 42 | `mine` | " + measured_on(date.today(), describe_machine()) + " |"
    assert code == 0
    before, _, after = README.partition("| speed | 1 | `one` | 2020-01-01, abacus, 1 processor |")
    assert (tmp_path / "README.md").read_text() == before + line + after


def test_a_figure_that_the_readme_has_not_leaves_it_alone(measure, tmp_path: Path) -> None:
    code, text = measure(say("mine", "speed of others", "42"))
    assert (code, len(changed(text)), (tmp_path / "README.md").read_text()) == (0, 1, README)


def test_keys_are_written_first_and_alone_where_that_is_asked_for(measure) -> None:
    code, text = measure(say("one", "speed", "42"), say("long", "speed", "5", on_request=True), names=("--keys",))
    assert (code, changed(text)) == (0, [])
    assert KEYS.findall(text) == [
        "# one: about 1 min\n$ python tests/scripts/say.py 42\n\n"
        "# long: about 1 min, only when named\n$ python tests/scripts/say.py 5"
    ]
    assert KEYS.findall(measure(say("new", "speed", "fail"))[1]) == [
        "# new: about 1 min\n$ python tests/scripts/say.py fail"
    ]


def test_the_same_command_runs_once_and_all_commands_of_a_row_run_in_order(measure, tmp_path: Path) -> None:
    code, text = measure(say("one", "speed", "1", "2"), say("two", "speed of others", "2"))
    assert code == 0 and len(changed(text)) == 2
    assert (tmp_path / "tests" / "scripts" / "log").read_text() == "1\n2\n"
    assert "$ python tests/scripts/say.py 1\n$ python tests/scripts/say.py 2\n" in text


def test_commands_find_what_they_name_and_leave_nothing_behind(measure, tmp_path: Path, monkeypatch) -> None:
    for split in ("train", "test"):
        (tmp_path / "data" / split).mkdir(parents=True)
    monkeypatch.setenv("CNNKIT_CIFAR10_JPEG", str(tmp_path / "data"))
    _, text = measure(say("one", "", f"{DATA}/train", rows=(row("speed", "here"), row("speed of others", "json"))))
    assert f"| speed | ['{DATA}', 'tests', 'toolkit'] |" in text
    assert "| speed of others | --json |" in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (
            say("bad", "speed", "fail"),
            "python tests/scripts/say.py fail ended with exit code 1: it did not work",
        ),
        (
            say("bad", "", "1", rows=(row("speed", "other"),)),
            "no figure for 'speed' in the output of python tests/scripts/say.py 1: KeyError 'other'",
        ),
        (
            Measurement("bad", ("python tests/scripts/say.py 1",), (Row("speed", Output.document),), 1),
            "no figure for 'speed' in the output of python tests/scripts/say.py 1: JSONDecodeError Expecting value",
        ),
        (say("bad", "gone", "fail"), "FIGURES.md has 0 rows or tables 'gone', expected one"),
        (say("bad", "speed", "'1|2'"), "a cell cannot hold ('speed', '1|2',"),
        (
            Measurement("bad", ("no-such-program 1",), (row("speed"),), 1),
            "no-such-program 1 cannot be started: No such file or directory",
        ),
        (
            Measurement("bad", ("python tests/scripts/say.py 1",), (Table("Models", lambda output: []),), 1),
            "FIGURES.md has 0 rows or tables 'Models', expected one",
        ),
        # Two rows, and the second cannot be read: neither is written.
        (
            say("bad", "", "1", rows=(row("speed"), row("speed of others", "other"))),
            "no figure for 'speed of others' in the output of python tests/scripts/say.py 1: KeyError 'other'",
        ),
    ],
    ids=["exit code", "field", "no JSON", "row", "cell", "program", "table", "second row"],
)
def test_what_fails_leaves_the_pages_alone_and_the_others_go_on(bad, reason, measure, capsys) -> None:
    code, text = measure(bad, say("good", "speed of others", "3"))
    (line,) = changed(text)
    assert line.startswith("| speed of others | 3 |")
    assert f"bad: the figures stay as they were, for {reason}" in capsys.readouterr().err
    assert code == 1


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Lets SIGINT interrupt, also where the tests run in the background of a shell, which ignores it for them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_keeps_what_was_measured_and_ends_what_runs(measure, tmp_path: Path, capsys) -> None:
    ended = tmp_path / "ended"
    code, text = measure(
        say("one", "speed", "1"), say("two", "speed of others", f"interrupt {ended}"), say("three", "speed", "3")
    )
    (line,) = changed(text)
    assert line.startswith("| speed | 1 |")
    assert ended.read_text() == "ended in order"
    assert "interrupted: what was measured before is written" in capsys.readouterr().err
    assert code == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["FIGURES.md", "README.md", "ended", "tests", "toolkit"]


def test_what_cannot_run_here_is_named_and_left_as_it_was(measure, capsys) -> None:
    needs_data = say("data", "speed", f"{DATA}/train")
    code, text = measure(needs_data, say("good", "speed of others", "3"))
    assert len(changed(text)) == 1 and code == 0
    assert "data: not measured, CNNKIT_CIFAR10_JPEG names no folder" in capsys.readouterr().err
    assert measure(needs_data, names=("data",))[0] == 1


def test_what_takes_hours_runs_only_when_it_is_named(measure) -> None:
    long = say("long", "speed", "5", on_request=True)
    assert changed(measure(long)[1]) == []
    assert len(changed(measure(long, names=("long",))[1])) == 1


def test_a_page_that_cannot_be_written_is_one_line(measure, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def full(path: Path, text: str) -> None:
        raise OutputError(f"cannot write {path.name}: No space left on device")

    monkeypatch.setattr("figures.writing.write_text", full)
    assert measure(say("one", "speed", "1")) == (1, PAGE)
    assert capsys.readouterr().err == "write_figures.py: cannot write FIGURES.md: No space left on device\n"


def test_a_page_without_a_list_of_keys_is_one_line(measure, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("figures.keys.HEADING", "\n## Commands\n")
    assert measure(say("one", "speed", "1")) == (1, PAGE)
    assert capsys.readouterr().err.startswith("write_figures.py: the page has no block of commands below")


def test_unknown_names_are_one_line(measure, capsys) -> None:
    code, text = measure(say("one", "speed", "1"), names=("one", "nope"))
    assert (code, text) == (2, PAGE)
    assert capsys.readouterr().err == "write_figures.py: no figure is called nope; there are one\n"


def test_a_list_measures_nothing(measure, capsys) -> None:
    code, text = measure(
        say("one", "speed", DATA, on_request=True), say("two", "speed of others", "2"), names=("--list",)
    )
    assert (code, text) == (0, PAGE)
    assert capsys.readouterr().out.splitlines() == [
        "one (1 min; only when named; cannot run here: CNNKIT_CIFAR10_JPEG names no folder with train/ and test/; "
        "tests/scripts/jpeg_cifar10.py makes one)",
        "    speed",
        "two (1 min)",
        "    speed of others",
    ]


def test_a_table_is_replaced_with_its_sentence() -> None:
    lines = ["| contender | p50 ms |", "| --- | --- |", "| new | 1 |", "| newer | 2 |"]
    measurement = Measurement("mine", ("python new.py",), (Table("The models", lambda output: lines),), 1)
    page = Page(Path("FIGURES.md"))
    text = with_figures(PAGE, measurement, Output("", 1.0), "today, here", page)
    head, rest = PAGE.split("The models", 1)
    table = "\n".join(lines)
    assert text == f"{head}The models (`mine`; today, here):\n\n{table}\n" + rest[rest.index("\ntext") :]
    with pytest.raises(FigureError, match=r"^FIGURES.md has 0 rows or tables 'The models'"):
        with_figures(text.replace("| contender", "contender"), measurement, Output("", 1.0), "", page)


@pytest.mark.parametrize(("complete", "expected"), [(True, "one"), (False, "one at most")])
def test_a_row_that_stands_twice_is_not_written(complete: bool, expected: str) -> None:
    page, twice = Page(Path("FIGURES.md"), complete), PAGE.replace("speed of others", "speed")
    with pytest.raises(FigureError, match=f"^FIGURES.md has 2 rows or tables 'speed', expected {expected}$"):
        with_figures(twice, say("one", "speed", "1"), Output('{"value": 1}', 1.0), "", page)
