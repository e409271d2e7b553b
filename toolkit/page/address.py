"""Where the page is served: what may be asked for, the socket, and what to type into a browser."""

from __future__ import annotations

import errno
import os
import socket
from ipaddress import ip_address

from cnnkit.errors import OutputError, UsageError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
WILDCARDS = frozenset({"", "0.0.0.0", "::"})
SHORTEST_TOKEN = 16  # characters: too many to guess
_SEND_BUFFER = 256 * 1024  # bytes the system keeps for a slow client: a few pictures, not seconds of them
_GIVE_UP_MS = 30_000  # after which the system drops a connection whose other end does not answer


def check_access(port: int, host: str, token: str | None) -> None:
    """Checks what a page is asked to be.

    Raises:
        UsageError: No such port, or others than this machine's users could look without a good token.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"--page {port} is no port: take a number from 0 to 65535, 0 for any free one")
    if token == "":
        raise UsageError("--token is empty: give one, or leave it out for a page that only this machine can open")
    if is_loopback(host):
        return
    if token is None:
        raise UsageError(
            f"a page on {host or 'all addresses'} can be opened by other machines: protect it with --token"
        )
    if len(token) < SHORTEST_TOKEN:
        raise UsageError(
            f"--token has {len(token)} characters: a page for other machines needs {SHORTEST_TOKEN} or more"
        )


def is_loopback(host: str) -> bool:
    """Whether what is served there can be opened on this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() in LOOPBACK_NAMES


def listen(host: str, port: int) -> socket.socket:
    """Opens the socket, so that a port that is taken shows before anything else is started.

    Raises:
        OutputError: The port is taken or may not be used, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=64)
    except OSError as error:
        raise OutputError(f"the page cannot be served on {host}:{port}: {_reason(error)}") from error
    # The sockets of the clients inherit these.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GIVE_UP_MS)
    return listener


def address_of(host: str, port: int) -> str:
    """Returns what to type into a browser; for all addresses, under this machine's name."""
    name = socket.gethostname() if host in WILDCARDS else host
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is taken, take another with --page"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "the port is for administrators, take one from 1024 up with --page"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return "that is no address of this machine"
    return os.strerror(error.errno) if error.errno else str(error)
