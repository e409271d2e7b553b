from __future__ import annotations

from copy import copy

import pytest

from cnnkit.errors import ImageError, ModelError, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("as it is: Überfall auf 3 Äpfel", "as it is: Überfall auf 3 Äpfel"),
        ("two\n  lines\t", "two lines"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\u202eturned", r"\u202eturned"),
        ("a" * 1000, "a" * 1000),
        ("a" * 800 + "b" * 10_000_000 + "c" * 200, "a" * 800 + " [10,000,000 characters] " + "c" * 200),
    ],
    ids=["plain", "two lines", "colours", "direction", "long", "too long"],
)
def test_a_message_is_one_line_that_a_terminal_shows(text: str, line: str) -> None:
    assert one_line(text) == line
    assert str(ModelError(text)) == line


def test_an_error_can_be_made_anew_of_what_it_holds() -> None:
    again = copy(ModelError("what was wrong"))  # as processes send them
    assert (type(again), str(again)) == (ModelError, "what was wrong")
    assert str(ImageError("a.jpg", "is no\nimage")) == "a.jpg: is no image"
