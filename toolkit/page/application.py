"""The routes of the page."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

from cnnkit.page.guard import Guard
from cnnkit.page.newest import Bell, Newest
from cnnkit.page.pictures import Pictures
from cnnkit.page.streams import Stream, events, mjpeg

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

_FILES = {  # path -> name and media type
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/view.js": ("view.js", "text/javascript"),
    "/connection.js": ("connection.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_PATIENCE_S = 5.0  # for a picture that is being encoded


def make_application(
    newest: Newest, pictures: Pictures, bell: Bell, *, host: str, port: int, token: str | None
) -> ASGIApp:
    """Puts the page together.

    Args:
        newest: What is shown.
        pictures: The same, encoded.
        bell: Rings when there is something new.
        host: What the server listens on.
        port: The same.
        token: What every request must carry; None for nothing.
    """
    from starlette.applications import Starlette

    routes = {**_file_routes(), **_live_routes(newest, pictures, bell)}
    return Guard(Starlette(routes=list(routes.values())), host=host, port=port, token=token, paths=routes)


def _file_routes() -> dict[str, BaseRoute]:
    from starlette.routing import Route

    folder = files("cnnkit.page")
    return {
        path: Route(path, partial(_send_file, (folder / name).read_bytes(), media_type))
        for path, (name, media_type) in _FILES.items()
    }


async def _send_file(data: bytes, media_type: str, request: Request) -> Response:
    from starlette.responses import Response

    return Response(data, media_type=media_type)


def _live_routes(newest: Newest, pictures: Pictures, bell: Bell) -> dict[str, BaseRoute]:
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    async def frame(request: Request) -> Response:
        with pictures.watching():
            jpeg = await pictures.at_least(max(1, newest.snapshot.picture), _PATIENCE_S)
        if jpeg is None:
            return PlainTextResponse("no picture has come yet: try again\n", 503)
        return Response(jpeg.data, media_type="image/jpeg")

    async def state(request: Request) -> Response:
        return Response(newest.to_json(), media_type="application/json")

    multipart = "multipart/x-mixed-replace; boundary=cnnkit"
    return {
        "/frame.jpg": Route("/frame.jpg", frame),
        "/state.json": Route("/state.json", state),
        "/stream.mjpg": Route("/stream.mjpg", Stream(multipart, partial(mjpeg, pictures, newest, bell))),
        "/events": Route("/events", Stream("text/event-stream", partial(events, newest, bell))),
    }
