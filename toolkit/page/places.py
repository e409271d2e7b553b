"""Room for everybody: connections that ask for nothing, or for too much, make way for those of others."""

from __future__ import annotations

import asyncio
import random
from typing import Protocol

REQUEST_S = 10.0  # for a whole request, from its connection or the answer before on
GRACE_S = 1.0  # in which a request mostly comes, also over a slow network
MOST_OF_ONE = 24  # connections from one address: a browser has six, and each of its windows two streams
MOST_IDLE = 24  # connections without a whole request that are older than the grace, from all addresses
MOST = 512  # connections without a whole request
_MOMENT_S = 0.1  # in which a request comes, where it is sent at once
_SWEEP_S = 0.25


class Client(Protocol):
    """A connection."""

    @property
    def address(self) -> str:
        """Where it comes from."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether it is being answered."""
        ...

    def drop(self) -> None:
        """Ends it at once."""
        ...


class Places:
    """Who is connected, the oldest first; all in the thread of the server's event loop.

    A request that is on its way is not known from one that never comes: where too many connections come at once, those
    that go are drawn, so that whoever sends a whole request in a moment is hardly ever among them.
    """

    def __init__(self) -> None:
        self.clients: dict[Client, float] = {}  # and since when each is idle; seconds of the sweeps

    def enter(self, client: Client, now_s: float) -> None:
        """Takes a client in, in the place of another one where there are too many."""
        self.clients[client] = now_s
        idle = [each for each in self.clients if not each.is_busy]
        if len(idle) > MOST:
            self._drop(random.choice([each for each in idle if now_s - self.clients[each] > _MOMENT_S] or idle))

    def leave(self, client: Client) -> None:
        """Forgets a client that has gone."""
        self.clients.pop(client, None)

    def sweep(self, now_s: float) -> None:
        """Ends those that take too long, or of whom there are too many."""
        self.clients = {each: now_s if each.is_busy else since for each, since in self.clients.items()}
        late = [each for each, since in self.clients.items() if now_s - since >= REQUEST_S]
        waiting = [each for each, since in self.clients.items() if GRACE_S <= now_s - since < REQUEST_S]
        for client in (*late, *waiting[: max(0, len(waiting) - MOST_IDLE)]):
            self._drop(client)
        for same in self._by_address().values():
            waiting = [each for each in same if not each.is_busy and now_s - self.clients[each] >= GRACE_S]
            busy = [each for each in reversed(same) if each.is_busy]
            more = max(0, len(same) - MOST_OF_ONE), max(0, len(busy) - MOST_OF_ONE)
            for client in (*waiting[: more[0]], *busy[: more[1]]):
                self._drop(client)

    def _by_address(self) -> dict[str, list[Client]]:
        found: dict[str, list[Client]] = {}
        for client in self.clients:
            found.setdefault(client.address, []).append(client)
        return found

    def _drop(self, client: Client) -> None:
        self.leave(client)
        client.drop()


def http_protocol(places: Places) -> type[asyncio.Protocol]:
    """Returns uvicorn's HTTP/1.1 with limits on those who drip their requests: it has none itself."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class LimitedProtocol(H11Protocol):
        """One connection."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            places.enter(self, self.loop.time())

        def connection_lost(self, exc: Exception | None) -> None:
            places.leave(self)
            super().connection_lost(exc)

        @property
        def address(self) -> str:
            return self.client[0] if self.client else ""

        @property
        def is_busy(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def drop(self) -> None:
            self.transport.abort()

    return LimitedProtocol


async def keep_places(places: Places) -> None:
    """Sweeps for ever, in the server's event loop."""
    while True:
        await asyncio.sleep(_SWEEP_S)
        places.sweep(asyncio.get_running_loop().time())
