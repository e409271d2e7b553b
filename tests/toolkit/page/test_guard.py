"""Who may open the page."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("starlette", reason="the extra 'page' is not installed")
pytest.importorskip("uvicorn", reason="the extra 'page' is not installed")

from page_client import fetch, opened_page, picture, port_of, state

from cnnkit.errors import UsageError
from cnnkit.page import LivePage

TOKEN = "a token of 27 letters; ä=é"
ROUTES = ["/", "/page.js", "/state.json", "/frame.jpg", "/stream.mjpg", "/events", "/nothing"]


@pytest.fixture(scope="module")
def page():
    with opened_page() as opened:
        yield opened


@pytest.fixture(scope="module")
def guarded():
    with opened_page(host="0.0.0.0", token=TOKEN) as opened:
        opened.publish(picture(), state())
        yield opened


@pytest.mark.parametrize(
    ("port", "host", "token", "words"),
    [
        pytest.param(-1, "127.0.0.1", None, "no port", id="negative port"),
        pytest.param(65536, "127.0.0.1", None, "no port", id="port too large"),
        pytest.param(0, "0.0.0.0", None, "--token", id="all addresses"),
        pytest.param(0, "", None, "all addresses.*--token", id="empty host"),
        pytest.param(0, "::", None, "--token", id="all addresses, IPv6"),
        pytest.param(0, "192.168.1.7", None, "--token", id="another network"),
        pytest.param(0, "box.local", "123456789012345", "15 characters.*16", id="short token"),
        pytest.param(0, "127.0.0.1", "", "empty", id="empty token"),
    ],
)
def test_arguments_that_would_open_the_page_too_wide(port, host, token, words):
    with pytest.raises(UsageError, match=words):
        LivePage(port, host=host, token=token)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_loopback_needs_no_token(host):
    with opened_page(host=host) as page:
        assert page.address == f"http://{host}:{port_of(page)}/"
        assert fetch(page, Host=f"{host}:{port_of(page)}").status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LocalHost:1234", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("example.org", 421),
        ("localhost.example.org", 421),
        ("127.0.0.1.example.org", 421),
        ("example.org:127.0.0.1", 421),
        ("user@localhost", 421),
        ("localhost/", 421),
        ("192.168.1.7:8080", 421),
        ("", 421),
    ],
)
def test_host_names_of_a_page_on_loopback(page, host, status):
    assert fetch(page, Host=host).status == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("192.168.1.7:8080", 200),
        ("[fe80::1]:8080", 200),
        (socket.gethostname(), 200),
        (f"{socket.gethostname()}.local:80", 200),
        ("example.org", 421),
        ("192.168.1.7.example.org", 421),
    ],
)
def test_host_names_of_a_page_on_all_addresses(guarded, host, status):
    assert fetch(guarded, "/state.json", Host=host, Authorization=bearer(TOKEN)).status == status


def bearer(token):
    return f"Bearer {token.encode().decode('latin-1')}"  # HTTP's headers are bytes, which http.client takes for latin-1


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": bearer("wrong")}, id="wrong"),
        pytest.param({"Authorization": "Bearer"}, id="empty"),
        pytest.param({"Authorization": bearer(TOKEN).replace("Bearer", "Basic")}, id="basic"),
        pytest.param({"Cookie": "cnnkit_0=x"}, id="another cookie"),
    ],
)
def test_every_route_needs_the_token(guarded, path, headers):
    answer = fetch(guarded, path, **headers)
    assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("query", ["?token=", "?token=wrong", "?token=%FF", "?tokens=a%20token"])
def test_a_wrong_token_in_the_address(guarded, query):
    answer = fetch(guarded, "/" + query)
    assert answer.status == 401 and "set-cookie" not in answer.headers


def test_the_token_as_a_header(guarded):
    assert fetch(guarded, "/frame.jpg", Authorization=bearer(TOKEN)).status == 200


@pytest.mark.parametrize(
    ("path", "location"), [("/", "/"), ("/frame.jpg", "/frame.jpg"), ("//example.org/", "/"), ("/nothing", "/")]
)
def test_the_token_in_the_address_becomes_a_cookie(guarded, path, location):
    answer = fetch(guarded, f"{path}?token=a%20token%20of%2027%20letters;%20%C3%A4%3D%C3%A9")
    assert answer.status == 303 and answer.headers["location"] == location
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(attributes)
    assert cookie.startswith(f"cnnkit_{port_of(guarded)}=") and TOKEN not in cookie
    assert fetch(guarded, "/state.json", Cookie=cookie).status == 200
    assert fetch(guarded, "/state.json", Cookie=cookie[:-1] + "_").status == 401


def test_a_cookie_is_worth_nothing_for_another_token(guarded):
    with opened_page(token="another token") as other:
        cookie = fetch(other, "/?token=another%20token").headers["set-cookie"].split(";")[0]
        assert fetch(other, "/state.json", Cookie=cookie).status == 200
    value = cookie.split("=")[1]
    assert fetch(guarded, "/state.json", Cookie=f"cnnkit_{port_of(guarded)}={value}").status == 401


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
        ("cross-site", "navigate", 200),
        ("cross-site", "no-cors", 403),
        ("same-site", "no-cors", 403),
    ],
)
def test_pages_of_other_sites_cannot_use_the_streams(page, site, mode, status):
    assert fetch(page, "/state.json", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode).status == status


def test_the_address_of_a_page_on_all_addresses_names_the_machine(guarded):
    assert guarded.address == f"http://{socket.gethostname()}:{port_of(guarded)}/"
    assert TOKEN not in guarded.address
