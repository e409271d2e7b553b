"""Addresses with passwords in them: what of one may be shown, and a type that keeps the rest to itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

HIDDEN = "***"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[/\\]+")  # however many slashes somebody typed
_HEAD = re.compile(r"\s*" + _SCHEME.pattern)
_COLON = re.compile(":|%3a", re.IGNORECASE)
_COLON_ENCODED, _AT_ENCODED = re.compile("%3a", re.IGNORECASE), re.compile("%40")
_EQUALS = re.compile("=|%3d", re.IGNORECASE)
_BEFORE_KEY = re.compile("[/?&;#]|%2[36f]|%3[bf]", re.IGNORECASE)
# What names of secret parameters hold, and whole names that are too short to be looked for within others.
_SECRET_PARTS = re.compile("pas|pwd|psw|psk|secret|token|key|auth|sig|cred|jwt|session|bearer")
_SECRET_KEYS = frozenset({
    "pw", "p", "k", "pin", "pat", "code", "otp", "sid", "hash", "hmac", "nonce", "digest", "login", "ticket",
})  # fmt: skip
_SAFE = "!$&'()*+,;=-._~%"  # of a user and a password, besides letters and digits: what ends neither
_HIDDEN_PARAMETER = re.compile(r"=\*\*\*(?!\S*@)(?=[\s:,;)]|$)")  # behind which a message goes on
_HOST_ENDS = re.compile("[/?#]")
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class TypedAddress:
    """An address, or whatever stands in the place of one, as somebody typed it.

    `str` and `repr` give what may be shown. `reveal` is for those alone who open what it names.
    """

    _typed: str = field(repr=False)

    def reveal(self) -> str:
        """Returns what was typed, a password with it."""
        return self._typed

    def __str__(self) -> str:
        return shown_address(self._typed)

    def __repr__(self) -> str:
        return f"TypedAddress({str(self)!r})"

    @property
    def has_secret(self) -> bool:
        """Whether a part of it may not be shown; what a library says of such an address may hold that part."""
        return str(self) != self._typed


def shown_address(text: str) -> str:
    """Returns an address as it may be shown: "rtsp://user:***@host/stream?token=***".

    It need be no address that anything could open: what stands between the first ":" behind the scheme and the last "@"
    is hidden, as a password may hold "/", "?", "#", "@" and brackets; so is all that follows a parameter that is named
    like a secret. Text that is shown already stays as it is.
    """
    head = _HEAD.match(text)
    if head is None:
        return _without_login(text)
    scheme, rest = text[: head.end()], text[head.end() :]
    end = _end_of_what_is_known(rest)
    begin = min(end, *_beginnings_of_logins_across(rest, end))
    hidden = f":{HIDDEN}" if begin < end else HIDDEN if end < len(rest) else ""
    return scheme + _without_login_within(_without_login(rest[:begin])) + hidden


def _beginnings_of_logins_across(rest: str, end: int) -> Iterator[int]:
    """Yields where a password begins that holds what looks like a parameter, or is held by one."""
    yield end
    if "@" in rest[end:] and (colon := _COLON.search(rest, 0, rest.rindex("@"))):
        yield colon.start()
    if "%40" in rest[end:] and (colon := _COLON_ENCODED.search(rest)):
        yield colon.start()


def hide_secrets(message: str) -> str:
    """Returns a message, such as one of a library, with the addresses in it as they may be shown."""
    begin, hidden = _SCHEME.search(message), _HIDDEN_PARAMETER.search(message)
    if begin is None:
        return message
    end = hidden.end() if hidden is not None and hidden.end() > begin.end() else len(message)
    return message[: begin.start()] + shown_address(message[begin.start() : end]) + hide_secrets(message[end:])


def usable_address(text: str) -> str:
    """Returns an address as libraries read it: a scheme in small letters, "#" in a user or a password as "%23".

    Raises:
        ValueError: It is no address, or one of which a login ends at either of two "@", so that a password might go to
            another host; the text of the error is its own, without a part of the address.
    """
    head = _HEAD.match(text)
    scheme, rest = text[: head.end()] if head else "", text[head.end() :] if head else text
    if _is_read_well(rest):
        login, _, behind = rest.partition("@")
        if "@" in behind and _HOST_ENDS.search(behind, 0, behind.rindex("@")) and not _HOST_ENDS.search(login):
            raise ValueError("two of its @ could be before the host: expected %40 %2F %3F %23 for other @ / ? # in it")
    else:
        login, at, place = rest.rpartition("@")
        user, colon, password = login.partition(":")
        rest = f"{_quoted(user)}{colon}{_quoted(password)}{at}{place}"
    if not _is_read_well(rest) or scheme.strip().partition(":")[2] != "//":
        raise ValueError("expected scheme://host:port/path")
    return scheme.strip().lower() + rest


def _is_read_well(rest: str) -> bool:
    """Whether what follows a scheme has a host, and perhaps a port, for those who read addresses by the book."""
    try:
        parts = urlsplit(f"//{rest}")
        (parts.hostname or "").encode("idna")  # as whoever looks it up does
        return bool(parts.hostname) and (parts.port is None or parts.port > 0) and not parts.netloc.endswith(":")
    except ValueError:
        return False


def _quoted(part: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", part), safe=_SAFE)


def _without_login(text: str) -> str:
    login, at, place = text.rpartition("@")
    colon = _COLON.search(login)
    if not at or colon is None:
        return text
    return f"{login[: colon.start()]}:{HIDDEN}@{place}"


def _without_login_within(text: str) -> str:
    """Hides the login of an address that is a parameter of another one, and written as such."""
    ends = [found.start() for found in _AT_ENCODED.finditer(text)]
    colon = _COLON_ENCODED.search(text)
    if not ends or colon is None or colon.start() > ends[-1]:
        return text
    return text[: colon.end()] + HIDDEN + text[ends[-1] :]


def _end_of_what_is_known(text: str) -> int:
    """Returns where the first parameter that is named like a secret has its value."""
    end = 0
    for found in _EQUALS.finditer(text):
        if _is_secret(_BEFORE_KEY.split(text[end : found.start()])[-1]):
            return found.end()
        end = found.end()
    return len(text)


def _is_secret(key: str) -> bool:
    words = re.split("[^a-z0-9]+", unquote(key).lower().strip())
    return words[-1] in _SECRET_KEYS or _SECRET_PARTS.search("".join(words)) is not None
