"""What of an address is shown: never a password, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from typed_addresses import addresses_with_secrets

from cnnkit.system import TypedAddress, hide_secrets, shown_address, usable_address


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        pytest.param("rtsp://host/s?x=1", "rtsp://host/s?x=1", id="no secret"),
        pytest.param("rtsp://me@host/s", "rtsp://me@host/s", id="user alone"),
        pytest.param("rtsp://me:secret@host:554/s?x=1", "rtsp://me:***@host:554/s?x=1", id="password"),
        pytest.param("rtsp://:secret@host/", "rtsp://:***@host/", id="password alone"),
        pytest.param("rtsp://me:se#cr@et/?[@host/s", "rtsp://me:***@host/s", id="what ends a host"),
        pytest.param("rtsp://me%3Asecret@host/", "rtsp://me:***@host/", id="a colon that is written as such"),
        pytest.param("foo+bar://me:secret@host", "foo+bar://me:***@host", id="unknown scheme"),
        pytest.param("http:/me:secret@host/a.jpg", "http:/me:***@host/a.jpg", id="one slash"),
        pytest.param("rtsp:me:secret@host", "rtsp:***@host", id="no slash"),
        pytest.param("me:secret@host/s", "me:***@host/s", id="no scheme"),
        pytest.param("http://me:secret@[::1/a", "http://me:***@[::1/a", id="half a host"),
        pytest.param("http://h/a@2x.jpg", "http://h/a@2x.jpg", id="@ in a path"),
        pytest.param("http://h/?user=me&password=secret&x=1", "http://h/?user=me&password=***", id="parameter"),
        pytest.param("http://h/?a=1&pass%77ord=sec&ret#x", "http://h/?a=1&pass%77ord=***", id="hidden name"),
        pytest.param("rtsp://h/user=me_password=secret_channel=1.sdp", "rtsp://h/user=me_password=***", id="in a path"),
        pytest.param("http://h/a.jpg?X-Amz-Signature=ab12", "http://h/a.jpg?X-Amz-Signature=***", id="signature"),
        pytest.param("http://h/?src=rtsp://me:secret@cam/1", "http://h/?src=rtsp:***@cam/1", id="address within"),
        pytest.param("http://h/?src=rtsp%3A%2F%2Fa%3Ab%40cam", "http://h/?src=rtsp%3A***%40cam", id="encoded within"),
        pytest.param("http://me:a@pw=b@h/?pwd=c@d", "http://me:***", id="two secrets that hold each other's signs"),
        pytest.param(
            "http://h/?src=x%3A%2F%2Fa%3Ab-p%3Dc%40d", "http://h/?src=x:***", id="encoded, with a parameter in it"
        ),
        pytest.param("http://a:b@h/?pwd=c%40d", "http://a:***@h/?pwd=***", id="login and encoded parameter"),
        pytest.param("http://h/?pwd=a:b@c", "http://h/?pwd=***", id="login in a parameter"),
        pytest.param("http://h/?pwd=c@d", "http://h/?pwd=***", id="@ in a parameter"),
        pytest.param("clip=1.mp4", "clip=1.mp4", id="file"),
        pytest.param(r"C:\films\a@b.mp4", r"C:\films\a@b.mp4", id="file on Windows"),
    ],
)
def test_what_is_shown(typed, shown):
    address = TypedAddress(typed)
    assert (str(address), repr(address), shown_address(shown)) == (shown, f"TypedAddress({shown!r})", shown)
    assert (address.reveal(), address.has_secret) == (typed, shown != typed)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        pytest.param("no file a@b", "no file a@b", id="no address"),
        pytest.param("argument (rtsp://me:secret@host/s)", "argument (rtsp://me:***@host/s)", id="raw"),
        pytest.param("https:/me:secret@h/m.onnx: no such file", "https:/me:***@h/m.onnx: no such file", id="path"),
        pytest.param("a http://h/?token=secret words", "a http://h/?token=***", id="all that follows a secret"),
        pytest.param("a://b:c@/ is none: expected a://b:1/p", "a://b:***@/ is none: expected a://b:1/p", id="hint"),
        pytest.param("http://h/?token=*** is gone: look", "http://h/?token=*** is gone: look", id="hidden already"),
        pytest.param("http://h/?token=*** is no http://a:b@c/", "http://h/?token=*** is no http://a:***@c/", id="two"),
    ],
)  # fmt: skip
def test_what_a_message_says(message, said):
    assert hide_secrets(message) == said == hide_secrets(said)


@pytest.mark.parametrize(
    ("typed", "usable"),
    [
        pytest.param("rtsp://me:pw@host:554/s?x=1#y", "rtsp://me:pw@host:554/s?x=1#y", id="as it is"),
        pytest.param("rtsp://me:p%40w@host/", "rtsp://me:p%40w@host/", id="written well"),
        pytest.param("rtsp://me:p#w@host/", "rtsp://me:p%23w@host/", id="number sign"),
        pytest.param("rtsp://me:p/w?[%z@host/", "rtsp://me:p%2Fw%3F%5B%25z@host/", id="all that ends a host"),
        pytest.param("http://host:8080/a@2x.jpg", "http://host:8080/a@2x.jpg", id="@ in a path"),
        pytest.param("http://me:p@w@host/a%402x.jpg", "http://me:p@w@host/a%402x.jpg", id="@ in a password"),
        pytest.param("http://[::1]:80/a", "http://[::1]:80/a", id="IPv6"),
        pytest.param("http://me:[p@[::1]/a", "http://me:%5Bp@[::1]/a", id="bracket that urllib takes for an address"),
    ],
)
def test_what_is_opened(typed, usable):
    assert usable_address(typed) == usable


@pytest.mark.parametrize(
    "typed",
    [
        "http://[::1/a",
        "http://me:secret@/a",
        "http://h:99999/",
        "http://h:x/",
        "http://",
        "http:///h/a",
        "http://a..b/",
    ],
)
def test_what_cannot_be_opened(typed):
    with pytest.raises(ValueError, match=r"^expected scheme://host:port/path$"):
        usable_address(typed)


@pytest.mark.parametrize("typed", ["rtsp://me:p@ss/w#x@host/", "rtsp://me:p@s?x@host", "http://me:pw@host/a@2x.jpg"])
def test_a_password_goes_to_no_host_that_it_may_name_itself(typed):
    with pytest.raises(ValueError, match=r"^two of its @ could be before the host: expected %40 %2F %3F %23 for "):
        usable_address(typed)


@settings(max_examples=300)
@given(addresses_with_secrets())
def test_no_secret_is_shown(typed):
    text, secret = typed
    for said in (shown_address(text), hide_secrets(f"cannot open {text} (error)"), repr(TypedAddress(text))):
        assert secret not in said
    assert shown_address(shown_address(text)) == shown_address(text)
