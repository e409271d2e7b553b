"""A connection to a Ray cluster that runs already: refused within seconds where there is none, and quiet."""

from __future__ import annotations

import logging
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from cnnkit.errors import CnnkitError, UsageError

CONNECT_S = 20
_CLIENT = "ray://"
_STDERR = 2
_SHOWN = 240  # characters of what Ray says
_VERSIONS = re.compile(r"Ray: (\S+)\s+Python: (\S+)")


@contextmanager
def connected(address: str, connect_s: float = CONNECT_S) -> Iterator[Any]:
    """Connects to a cluster, as long as the block lasts.

    What Ray would print meanwhile is kept off stdout and stderr: stdout of this process is closed to all.

    Args:
        address: "auto", "host:6379", "ray://host:10001".
        connect_s: Seconds that the cluster has to answer.

    Yields:
        The module `ray`.

    Raises:
        UsageError: The address asks for a new cluster.
        CnnkitError: There is no cluster, or one of other versions.
    """
    if not address or address == "local":
        raise UsageError(
            f"--address {address or repr('')} is no cluster that runs already: start one with ray start --head, and "
            "name its host and port"
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # of Ray's C++, which writes to stderr past Python
    # Ray prints each attempt to repeat a task to stdout, whatever is said of its log.
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        _require_cluster(address, connect_s)
        import ray

        with _without_stderr():
            ray.init(address, logging_level=logging.CRITICAL, log_to_driver=False)
        try:
            yield ray
        finally:
            ray.shutdown()


def is_client(address: str) -> bool:
    """Whether an address is that of a Ray Client server, for processes outside of the cluster."""
    return address.startswith(_CLIENT)


def refusal(address: str, problem: str) -> str:
    """Returns the message on a cluster that cannot be used, in one line.

    Args:
        address: Of the cluster.
        problem: What Ray says, in any number of lines.
    """
    versions = _VERSIONS.findall(problem)
    if len(versions) == 2:
        (ray, python), (own_ray, own_python) = versions
        return (
            f"the Ray cluster at {address} has Ray {ray} and Python {python}, and this is Ray {own_ray} and Python "
            f"{own_python}: use the same of both here and there"
        )
    said = " ".join(problem.split())
    said = said if len(said) <= _SHOWN else said[: _SHOWN - 3] + "..."
    return (
        f"no Ray cluster can be used at {address} ({said}): start one with ray start --head, and name its "
        "address with --address"
    )


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Closes stderr to C++ as well, which says there that it has heard about its log level."""
    kept = os.dup(_STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(nowhere)
        os.close(kept)


def _require_cluster(address: str, connect_s: float) -> None:
    try:
        _require_port(address, connect_s)
    except OSError as error:
        raise CnnkitError(refusal(address, error.strerror or str(error))) from error
    # -P: a ray.py in the current folder is not Ray. Without its stdin, from which the sources may still be read.
    call = [sys.executable, "-P", "-m", "cnnkit.cluster.probe", address]
    try:
        done = subprocess.run(
            call, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=connect_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise CnnkitError(refusal(address, f"no answer within {connect_s:g} s")) from None
    if done.returncode:
        raise CnnkitError(refusal(address, done.stderr or f"exit code {done.returncode}"))


def _require_port(address: str, connect_s: float) -> None:
    """Tries the port first: where nothing listens, that is known at once."""
    host, colon, port = address.removeprefix(_CLIENT).rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), connect_s).close()
