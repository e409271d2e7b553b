"""An https server with a certificate that nobody has signed, made with the openssl of the system."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OPENSSL = shutil.which("openssl")


class QuietServer(ThreadingHTTPServer):
    """Whoever refuses the certificate hangs up, which is nothing to say."""

    def handle_error(self, *_) -> None:
        pass


def self_signed(folder: Path, host: str = "localhost") -> Path:
    """Writes a certificate for a host, and its key beside it; returns the certificate."""
    assert OPENSSL is not None
    certificate, key = folder / f"{host}.pem", folder / f"{host}.key"
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}",
         "-addext", f"subjectAltName=DNS:{host}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], certificate: Path | None) -> Iterator[int]:
    """Serves in a thread, encrypted where there is a certificate; gives the port."""
    server = QuietServer(("127.0.0.1", 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
