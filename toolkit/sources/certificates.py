"""Certificates of cameras and servers: checked, since neither OpenCV nor FFmpeg does so unless it is told to."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from urllib.parse import urlsplit

from cnnkit.errors import SourceError
from cnnkit.sources.address import Address
from cnnkit.system import log

_PORTS = {"https": 443, "rtsps": 322}
_PATIENCE_S = 5.0
_BUNDLES = (  # where systems keep the certificates that they trust, in one file
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)  # fmt: skip
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"  # read by OpenCV whenever it opens something
_OTHERWISE = "rtsp_flags;prefer_tcp"  # what OpenCV takes where there are none
_ENVIRONMENT = Lock()


def check_certificate(address: Address) -> None:
    """Connects to the server of an encrypted stream and checks its certificate and the name in it.

    A server that cannot be reached is left to whoever opens it, who says so.

    Raises:
        SourceError: The certificate is not trusted, or is that of another host.
    """
    scheme, host, port = _server(address)
    if address.insecure or scheme not in _PORTS or host is None:
        return
    context = ssl.create_default_context()
    try:
        with socket.create_connection((host, port), _PATIENCE_S) as plain:
            context.wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        raise SourceError(
            f"{address} cannot be opened: its certificate is not trusted ({error.verify_message.rstrip('.')}); "
            "--insecure takes it all the same, if nobody else can be on the way"
        ) from None
    except OSError as error:
        log.debug("the certificate of %s cannot be looked at (%s)", address, error.strerror)


def tls_options(address: Address) -> dict[str, str]:
    """Returns the options with which FFmpeg checks the certificates of an encrypted stream, and of what it leads to.

    FFmpeg checks by whom a certificate was signed, and not for which host: see `check_certificate`.
    """
    scheme, _, _ = _server(address)
    bundle = _bundle()
    if address.insecure or scheme not in _PORTS or bundle is None:
        return {}
    return {"tls_verify": "1", "ca_file": bundle}


@contextmanager
def checked_by_opencv(address: Address) -> Iterator[None]:
    """Has OpenCV's FFmpeg check certificates while it opens a stream in the block."""
    options = "|".join(f"{name};{value}" for name, value in tls_options(address).items())
    if not options:
        yield
        return
    with _ENVIRONMENT:
        before = os.environ.get(_OPTIONS)
        os.environ[_OPTIONS] = f"{_OTHERWISE if before is None else before}|{options}"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_OPTIONS]
            else:
                os.environ[_OPTIONS] = before


def _server(address: Address) -> tuple[str, str | None, int]:
    if address.kind != "stream":
        return "", None, 0
    parts = urlsplit(str(address.target))
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)


def _bundle() -> str | None:
    named = ssl.get_default_verify_paths().cafile
    return next((path for path in (named, *_BUNDLES) if path is not None and os.path.isfile(path)), None)
