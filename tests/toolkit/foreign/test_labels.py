from __future__ import annotations

import time

import pytest

from cnnkit.errors import UsageError
from cnnkit.foreign.labels import parse_labels


@pytest.mark.parametrize(
    ("name", "content", "labels"),
    [
        pytest.param("labels.txt", "cat\ndog\n\n", ("cat", "dog"), id="lines"),
        pytest.param("labels.txt", "\ufeffčmelák\r\nvčela, medová\r\n", ("čmelák", "včela, medová"), id="windows"),
        pytest.param("labels.json", '["a b", "c"]', ("a b", "c"), id="json"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file(tmp_path, name, content, labels, encoding):
    path = tmp_path / name
    path.write_bytes(content.removeprefix("\ufeff").encode(encoding) if encoding != "utf-8" else content.encode())
    assert parse_labels(str(path)) == labels


def test_a_thousand_names_between_commas():
    names = [f"class_{number}" for number in range(1000)]
    assert parse_labels(",".join(names)) == tuple(names)


def test_names_between_commas():
    assert parse_labels("cat, dog,truck") == ("cat", "dog", "truck")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("missing.txt", "no such file, expected a file with one name a line", id="missing file"),
        pytest.param("a,,b", "holds an empty name", id="empty name"),
        pytest.param("a,b,a", "names 'a' more than once", id="repeated"),
        pytest.param("\u00e9,b,e\u0301", "names '\u00e9' more than once", id="an accent in two ways"),
        pytest.param(f"a,{'b' * 2000}", "holds a name of 2,000 characters, expected at most 1,000", id="endless"),
    ],
)
def test_wrong_text(text, message):
    with pytest.raises(UsageError, match=message):
        parse_labels(text)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("one.txt", b"cat\n", "has 1 class names, expected at least 2", id="one"),
        pytest.param("empty.txt", b"", "has 0 class names", id="empty"),
        pytest.param("binary.txt", b"\xff\xfe\x00", "cannot be read", id="binary"),
        pytest.param("broken.json", b"[", "cannot be read", id="broken"),
        pytest.param("object.json", b'{"a": 1}', "no JSON list of names", id="object"),
    ],
)
def test_wrong_file(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        parse_labels(str(path))


def test_a_long_list_takes_no_longer_than_its_length(tmp_path):
    (tmp_path / "names.txt").write_text("".join(f"class {index}\n" for index in range(300_000)) + "class 299999\n")
    start = time.monotonic()
    with pytest.raises(UsageError, match="names 'class 299999' more than once"):
        parse_labels(str(tmp_path / "names.txt"))
    assert time.monotonic() - start < 20  # compared pair by pair, hours
