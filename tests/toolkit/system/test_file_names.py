from __future__ import annotations

import os

import pytest

from cnnkit.system.file_names import as_argument, safe_name, safe_path


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("cat", "cat"), ("Käse Brot", "Käse Brot"), ("../x", "_x"), ("/etc/passwd", "_etc_passwd"), ("a\\b:c", "a_b_c"),
        ("...", "_"), (".", "_"), ("", "_"), (" ", "_"), (".hidden", "hidden"), ("x.", "x"), ("x. .", "x"),
        ("CON", "_CON"), ("nul.txt", "_nul.txt"), ("com1", "_com1"), ("Connor", "Connor"), ("computer", "computer"),
        ("red\x1b[31m", "red_[31m"), ("a\nb", "a_b"), ("c1 \x9b31m", "c1 _31m"), ("cat\u202egnp", "cat_gnp"),
        ("half \ud800", "half _"), ("猫　犬", "猫　犬"), ("👩\u200d👧", "👩\u200d👧"), ("ä" * 300, "ä" * 100),
        ("a" + "ä" * 300, "a" + "ä" * 99),
    ],
)  # fmt: skip
def test_a_label_as_a_name(label, name):
    assert safe_name(label) == name


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a/b.jpg", "a/b.jpg"), ("../../etc/x.jpg", "etc/x.jpg"), ("/abs/x.jpg", "abs/x.jpg"),
        ("C:\\a\\x.jpg", "C_/a/x.jpg"),
        ("a/./b//c.jpg", "a/b/c.jpg"), ("a /b. /c.jpg", "a/b/c.jpg"), ("a/con/nul.jpg", "a/_con/_nul.jpg"), ("..", ""),
        ("\x1b]0;x\x07.jpg", "_]0;x_.jpg"),
    ],
)  # fmt: skip
def test_a_path_leads_down(text, path):
    assert safe_path(text) == os.path.join(*path.split("/"))


@pytest.mark.parametrize(
    ("path", "argument"), [("photos", "photos"), ("-x", "./-x"), ("--help", "./--help"), ("a/-x", "a/-x"), ("-", "-")]
)
def test_an_argument_is_no_option(path, argument):
    assert as_argument(path) == argument.replace("/", os.sep)
