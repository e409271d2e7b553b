"""Responses without an end: the pictures and the states, each client at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from cnnkit.page.newest import Bell, Newest
from cnnkit.page.pictures import Jpeg, Pictures

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

MOST_CLIENTS = 8  # of one stream
_STUCK_S = 20.0  # a client that takes nothing for so long has gone
_RESEND_S = 5.0  # without a new picture the last one goes out again, which finds out clients that vanished
_HEARTBEAT_S = 1.0  # between states
_EVENT_PERIOD_S = 0.1
_BOUNDARY = b"--cnnkit\r\nContent-Type: image/jpeg\r\n"

Chunks = Callable[[], AsyncGenerator[bytes, None]]


class Stream:
    """An ASGI application that sends chunks until the client or the server goes.

    Args:
        media_type: Of the response.
        chunks: Makes the chunks for one client; the next one is asked for when the client has taken the last.
    """

    def __init__(self, media_type: str, chunks: Chunks) -> None:
        self._headers = [(b"content-type", media_type.encode()), (b"x-accel-buffering", b"no")]
        self._chunks = chunks
        self._clients = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.responses import PlainTextResponse

        if self._clients >= MOST_CLIENTS:
            full = PlainTextResponse(f"{MOST_CLIENTS} others are watching already: close one of them\n", 503)
            await full(scope, receive, send)
            return
        self._clients += 1
        try:
            await _first_of(self._send(send), _gone(receive))
        finally:
            self._clients -= 1

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:
                async with asyncio.timeout(_STUCK_S):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first_of(*coroutines: Coroutine[object, object, None]) -> None:
    """Runs coroutines until one ends, cancels the others, and raises what went wrong in the one."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in ended:
        task.result()


async def mjpeg(pictures: Pictures, newest: Newest, bell: Bell) -> AsyncGenerator[bytes, None]:
    """Gives the parts of a multipart/x-mixed-replace response.

    The boundary goes out right behind a picture: browsers show a picture when they have seen its end, and the server
    learns that it was taken before it picks the next, so that a slow client gets fewer pictures, not older ones.
    """
    yield _BOUNDARY
    with pictures.watching():
        wanted, last = max(1, newest.snapshot.picture), None
        while not bell.closed:
            last = await pictures.at_least(wanted, _RESEND_S) or last
            if last is not None:
                yield _part(last)
                yield _BOUNDARY
                wanted = last.number + 1


def _part(jpeg: Jpeg) -> bytes:
    frame = b"" if jpeg.frame is None else b"X-Frame: %d\r\n" % jpeg.frame
    return b"Content-Length: %d\r\n%s\r\n%s\r\n" % (len(jpeg.data), frame, jpeg.data)


async def events(newest: Newest, bell: Bell) -> AsyncGenerator[bytes, None]:
    """Gives server-sent events: each new state, at most ten a second, and the last one again as a heartbeat."""
    yield b"retry: 1000\n\n"
    while not bell.closed:
        seen = newest.snapshot.number
        yield f"data: {newest.to_json()}\n\n".encode()
        await asyncio.sleep(_EVENT_PERIOD_S)
        await bell.until(partial(_newer, newest, seen), _HEARTBEAT_S)


def _newer(newest: Newest, seen: int) -> bool:
    return newest.snapshot.number > seen


async def all_events(cameras: Sequence[Newest], bell: Bell) -> AsyncGenerator[bytes, None]:
    """Gives server-sent events: the new states of all cameras as a list, at most ten a second."""
    yield b"retry: 1000\n\n"
    while not bell.closed:
        seen = [newest.snapshot.number for newest in cameras]
        yield f"data: [{', '.join(newest.to_json() for newest in cameras)}]\n\n".encode()
        await asyncio.sleep(_EVENT_PERIOD_S)
        await bell.until(partial(_any_newer, cameras, seen), _HEARTBEAT_S)


def _any_newer(cameras: Sequence[Newest], seen: Sequence[int]) -> bool:
    return any(map(_newer, cameras, seen))
