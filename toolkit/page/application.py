"""The routes of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from cnnkit.page.guard import Guard
from cnnkit.page.newest import Bell, Newest
from cnnkit.page.pictures import Pictures
from cnnkit.page.streams import Stream, all_events, events, mjpeg

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

_BOTH_FILES = {  # path -> name and media type
    "/page.css": ("page.css", "text/css"),
    "/view.js": ("view.js", "text/javascript"),
    "/connection.js": ("connection.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_FILES = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    **_BOTH_FILES,
}
_WALL_FILES = {
    "/": ("wall.html", "text/html"),
    "/wall.css": ("wall.css", "text/css"),
    "/wall.js": ("wall.js", "text/javascript"),
    **_BOTH_FILES,
}
_PATIENCE_S = 5.0  # for a picture that is being encoded


@dataclass(frozen=True)
class View:
    """What is shown of one camera."""

    newest: Newest
    pictures: Pictures  # the same, encoded


def make_application(views: Sequence[View], bell: Bell, *, host: str, port: int, token: str | None) -> ASGIApp:
    """Puts the page together.

    Args:
        views: The cameras; of several each has a page of its own below "/1/", and all of them are on the first page.
        bell: Rings when there is something new.
        host: What the server listens on.
        port: The same.
        token: What every request must carry; None for nothing.
    """
    from starlette.applications import Starlette

    if len(views) == 1:
        routes = _page_routes("", _FILES, views[0], bell)
    else:
        routes = {**_file_routes("", _WALL_FILES), **_wall_routes(views, bell)}
        for number, view in enumerate(views, 1):
            routes.update(_page_routes(f"/{number}", _FILES, view, bell))
    return Guard(Starlette(routes=list(routes.values())), host=host, port=port, token=token, paths=routes)


def _page_routes(below: str, names: Mapping[str, tuple[str, str]], view: View, bell: Bell) -> dict[str, BaseRoute]:
    return {**_file_routes(below, names), **_live_routes(below, view, bell)}


def _file_routes(below: str, names: Mapping[str, tuple[str, str]]) -> dict[str, BaseRoute]:
    from starlette.routing import Route

    folder = files("cnnkit.page")
    return {
        below + path: Route(below + path, partial(_send_file, (folder / name).read_bytes(), media_type))
        for path, (name, media_type) in names.items()
    }


def _wall_routes(views: Sequence[View], bell: Bell) -> dict[str, BaseRoute]:
    from starlette.routing import Route

    stream = Stream("text/event-stream", partial(all_events, [view.newest for view in views], bell))
    return {"/all-events": Route("/all-events", stream)}


async def _send_file(data: bytes, media_type: str, request: Request) -> Response:
    from starlette.responses import Response

    return Response(data, media_type=media_type)


def _live_routes(below: str, view: View, bell: Bell) -> dict[str, BaseRoute]:
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    newest, pictures = view.newest, view.pictures

    async def frame(request: Request) -> Response:
        with pictures.watching():
            jpeg = await pictures.at_least(max(1, newest.snapshot.picture), _PATIENCE_S)
        if jpeg is None:
            return PlainTextResponse("no picture has come yet: try again\n", 503)
        return Response(jpeg.data, media_type="image/jpeg")

    async def state(request: Request) -> Response:
        return Response(newest.to_json(), media_type="application/json")

    multipart = "multipart/x-mixed-replace; boundary=cnnkit"
    found: dict[str, Any] = {
        "/frame.jpg": frame,
        "/state.json": state,
        "/stream.mjpg": Stream(multipart, partial(mjpeg, pictures, newest, bell)),
        "/events": Stream("text/event-stream", partial(events, newest, bell)),
    }
    return {below + path: Route(below + path, endpoint) for path, endpoint in found.items()}
