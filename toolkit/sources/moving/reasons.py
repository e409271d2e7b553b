"""Why an address cannot be opened, told apart so that a person knows where to look."""

from __future__ import annotations

import errno
import socket
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935, "tcp": 0}
_NEARLY = 0.9  # of the time limit: what ended then ended because of it
_WORDS = {
    400: "answers that it does not understand: check the path and the query",
    401: "refuses the user name or password",
    403: "refuses the user name or password",
    404: "is not there: the server answers, but does not know the path",
}


def why_not(address: str, error: Exception, limit_s: float, status: int | None = None, *, waited_s: float = 0.0) -> str:
    """Returns what is wrong, to follow the address's name.

    Args:
        address: As it was opened.
        error: What opening it raised; its own text, which may hold the address, is not used.
        limit_s: How long an answer was waited for.
        status: Of a server that answered; None where the error tells it, or there is none.
        waited_s: How long it took to fail: whoever took all of the time did not answer, whatever the error says.
    """
    status = _status(error) if status is None else status
    if status is not None:
        return of_status(status)
    number = getattr(error, "errno", None)
    if number == errno.ECONNREFUSED or isinstance(error, ConnectionRefusedError):
        return REFUSED
    late = waited_s >= _NEARLY * limit_s
    if late or isinstance(error, TimeoutError) or number == errno.ETIMEDOUT or type(error).__name__ == "ExitError":
        return no_answer(limit_s)
    return unreachable(address, limit_s) or "answers, but with no video stream that can be read"


REFUSED = "cannot be reached: the connection is refused, as nothing listens there"


def of_status(status: int) -> str:
    """Returns what an answer of a server means."""
    return _WORDS.get(status, f"cannot be opened: the server answers {status}")


def no_answer(limit_s: float) -> str:
    """Returns that nothing came in so many seconds."""
    return f"gives no answer within {limit_s:g} seconds: check the address, and that the camera is on"


def unreachable(address: str, limit_s: float) -> str | None:
    """Tries to reach the host of an address, and returns why this fails; None where it does not, or says nothing."""
    parts = urlsplit(address)
    try:
        port = parts.port or _PORTS.get(parts.scheme.lower(), 0)
        if not parts.hostname or not port:
            return None
        socket.create_connection((parts.hostname, port), limit_s).close()
    except socket.gaierror:
        return "cannot be reached: there is no host of that name"
    except ConnectionRefusedError:
        return REFUSED
    except TimeoutError:
        return no_answer(limit_s)
    except (OSError, ValueError) as reason:
        return f"cannot be reached: {getattr(reason, 'strerror', None) or 'check the address'}"
    return None


def _status(error: Exception) -> int | None:
    """The status in FFmpeg's own numbers for the answers of servers."""
    known = {"HTTPBadRequestError": 400, "HTTPUnauthorizedError": 401, "HTTPForbiddenError": 403}
    return {**known, "HTTPNotFoundError": 404, "HTTPServerError": 500, "HTTPTooManyRequestsError": 429}.get(
        type(error).__name__
    )
