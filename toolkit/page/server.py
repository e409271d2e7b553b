"""The page's server, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ImageError, OutputError
from cnnkit.page.address import address_of, check_access, listen
from cnnkit.page.application import View, make_application
from cnnkit.page.newest import Bell, Newest
from cnnkit.page.pictures import Pictures
from cnnkit.page.places import MOST, Places, http_protocol, keep_places
from cnnkit.page.state import PageState
from cnnkit.system import require

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Server

_MOST_CONNECTIONS = MOST + 64  # and 64 that are answered
_START_S = 15.0
_END_S = 5.0


class LivePage:
    """A page that shows what is published, from its making until `close`.

    Args:
        port: 0 takes a free one.
        host: What to listen on.
        token: What every request must carry; needed where other machines can look.
        cameras: How many it shows.

    Raises:
        UsageError: The port is none, or `host` is for other machines and the token is missing or short.
        MissingExtraError: The extra "page" is not installed.
        OutputError: The port is taken or cannot be used.
    """

    def __init__(self, port: int, *, host: str = "127.0.0.1", token: str | None = None, cameras: int = 1) -> None:
        check_access(port, host, token)
        for module in ("starlette", "uvicorn"):
            require("cnnkit webcam --page", "page", module)
        self._bell = Bell()
        self._views = [View(newest, Pictures(newest, self._bell)) for newest in (Newest() for _ in range(cameras))]
        listener = listen(host, port)
        port = listener.getsockname()[1]
        self._address = address_of(host, port)
        app = make_application(self._views, self._bell, host=host, port=port, token=token)
        self._places = Places()
        self._server = _make_server(app, self._places)
        self._thread = Thread(target=self._run, args=(listener,), name="cnnkit-page", daemon=True)
        self._thread.start()
        self._wait_for_start()

    @property
    def address(self) -> str:
        """What to type into a browser, such as "http://127.0.0.1:8080/"; without the token."""
        return self._address

    def publish(self, pixels: NDArray[np.uint8] | None, state: PageState, camera: int = 0) -> None:
        """Shows a picture and what is known about it, to whoever watches; takes microseconds.

        Args:
            pixels: (H, W, 3) uint8 BGR, not to be changed afterwards: it is kept, not copied. None leaves the last one.
            state: What to say about it.
            camera: Which of several, from 0 on.

        Raises:
            ImageError: The pixels are no such picture.
        """
        if pixels is not None and (
            pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size
        ):
            raise ImageError("picture for the page", f"(H, W, 3) uint8 wanted, {pixels.shape} {pixels.dtype} given")
        if self._bell.closed:
            return
        self._views[camera].newest.put(pixels, state)
        self._bell.ring()

    def close(self) -> None:
        """Ends the server and all its connections; what is published from then on goes nowhere."""
        self._bell.close()
        self._server.should_exit = True
        self._thread.join(_END_S)

    def _run(self, listener: socket.socket) -> None:
        with listener:
            asyncio.run(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        self._bell.attach(asyncio.get_running_loop())
        encoding = [view.pictures.run() for view in self._views]
        tasks = [asyncio.create_task(each) for each in (*encoding, keep_places(self._places))]
        await self._server.serve(sockets=[listener])
        for task in tasks:
            task.cancel()

    def _wait_for_start(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.close()
                raise OutputError(f"the page at {self.address} did not start: run again, or leave --page out")
            time.sleep(0.005)


def _make_server(app: ASGIApp, places: Places) -> Server:
    """Makes a server that says nothing; as it runs beside the main thread, it leaves the signals alone."""
    import uvicorn

    logger = logging.getLogger("uvicorn")
    logger.propagate = False
    if not logger.handlers:  # without any, Python prints warnings on stderr
        logger.addHandler(logging.NullHandler())
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=http_protocol(places),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)
