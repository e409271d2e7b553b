from __future__ import annotations

import pytest

from cnnkit.system.parsing import parse_json, parse_toml


def test_json_of_text_and_of_bytes() -> None:
    assert (
        parse_json('{"a": [1, 2.5, null]}')
        == parse_json('{"a": [1, 2.5, null]}'.encode("utf-16"))
        == {"a": [1, 2.5, None]}
    )


def test_toml() -> None:
    assert parse_toml("a = [1, 2.5]") == {"a": [1, 2.5]}


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        pytest.param(parse_json, "[" * 100_000, id="deep JSON"),
        pytest.param(parse_json, '{"a":' * 100_000, id="deep JSON objects"),
        pytest.param(parse_json, "9" * 5000, id="a number of 5,000 digits"),
        pytest.param(parse_json, b"\xff\xfe\xfd", id="no text"),
        pytest.param(parse_json, "", id="nothing"),
        pytest.param(parse_toml, "a = " + "[" * 100_000, id="deep TOML"),
        pytest.param(parse_toml, "a = " + "{b=" * 100_000, id="deep TOML tables"),
        pytest.param(parse_toml, "a = " + "9" * 5000, id="a TOML number of 5,000 digits"),
        pytest.param(parse_toml, "a = ", id="no TOML"),
    ],
)
def test_whatever_is_wrong_is_a_value_error(parse, text) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)
