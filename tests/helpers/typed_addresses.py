"""Addresses as people and cameras have them, with a secret somewhere in each."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import strategies as st

SCHEMES = ("rtsp", "http", "https", "rtsps", "rtmp", "udp", "ftp", "foo+bar", "RTSP", "Http", "srt", "s3")
HOSTS = (
    "host", "cam.local:554", "192.168.1.5:8080", "[::1]", "[::1]:80", "[::1", "host:notaport", "host:99999", "",
    "ho st", "h@st", "bücher.example", "127.0.0.1:1", "\u2100", "host:", ":80", "..", "%zz",
)  # fmt: skip
PATHS = ("", "/", "/live.mjpg", "/a.jpg", "/film.mp4", "/s?x=1", "/a/b;c#d", "/a@2x.png", "/%2e%2e/b.zip", "//x")
KEYS = (
    "password", "passwd", "PWD", "pass", "pw", "token", "access_token", "api-key", "sig", "auth", "pass%77ord", "k",
    "login", "ticket",
)  # fmt: skip
SLASHES = ("://", "://", "://", ":/", ":///", ":\\\\")
MARK = "Zq7"  # in each secret, so that it is not found by chance
SPECIAL = "#/?[]@:%&=;+ \\!$'()*,~^|<>{}\"`"


def secrets() -> st.SearchStrategy[str]:
    """What stands for a password: letters, all that has a meaning in addresses, and other characters; and a mark."""
    parts = st.text(
        st.one_of(st.sampled_from(SPECIAL), st.characters(codec="utf-8", exclude_characters="\0")), max_size=8
    )
    return st.tuples(parts, parts).map(lambda two: f"{two[0]}{MARK}{two[1]}")


@st.composite
def addresses_with_secrets(draw: st.DrawFn) -> tuple[str, str]:
    """Draws an address and the part of its secret that tells it."""
    secret = draw(secrets())
    scheme, slashes = draw(st.sampled_from(SCHEMES)), draw(st.sampled_from(SLASHES))
    host, path = draw(st.sampled_from(HOSTS)), draw(st.sampled_from(PATHS))
    user = draw(st.sampled_from(["user", "", "a.b", "ü", "%41", "user name"]))
    kind = draw(st.sampled_from(["login", "login", "encoded", "parameter", "both", "path", "within"]))
    start = f"{scheme}{slashes}"
    if kind in ("login", "both"):
        return f"{start}{user}:{secret}@{host}{path}" + (f"?user=a&pwd={secret}" if kind == "both" else ""), MARK
    if kind == "encoded":
        return f"{start}{user}:{quote(secret, safe='')}@{host}{path}", MARK
    key = draw(st.sampled_from(KEYS))
    if kind == "path":
        return f"{start}{host}/user={user}_{key}={secret}{path}", MARK
    if kind == "within":
        return f"{start}{host}/?src={quote(f'rtsp://{user}:{secret}@cam/', safe='')}", MARK
    return f"{start}{host}{path}?user={user}&{key}={secret}&x=1", MARK
