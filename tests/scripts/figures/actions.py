"""What is told of cameras to whom: changes that are lost or told twice, and secrets that come out."""

from __future__ import annotations

from collections.abc import Callable

from figures.figure import Measurement, Output, Row


def _told(receiver: str) -> Callable[[Output], str]:
    def read(output: Output) -> str:
        found = output.last_line()
        lost, doubled, said = (found[receiver][name] for name in ("lost", "doubled", "said"))
        twice = "none told twice" if not doubled else f"{doubled} told twice, said of {said}"
        return f"{lost} of {found['changes']}; {twice}"

    return read


def _secrets(output: Output) -> str:
    found = output.last_line()
    return f"{found['leaks']} of {found['n']:,}"


ACTIONS = (
    Measurement(
        "actions",
        ("python tests/scripts/measure_actions.py",),
        (
            Row("changes lost while a webhook is away for a minute", _told("webhook")),
            Row("changes lost while Mosquitto is stopped and started, killed and started", _told("mqtt")),
        ),
        minutes=2,
        extras=("mqtt",),
    ),
    Measurement(
        "secrets",
        ("python tests/scripts/measure_secrets.py",),
        (Row("addresses of which a secret comes out: messages, rows, page, files, units, whoever is told", _secrets),),
        minutes=10,
        extras=("mqtt",),
        modules=("hypothesis",),
    ),
)
