"""The application: every route behind the guard, and what starts and ends with the server."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from serve import agents, chat, routes
from serve.guard import Guard
from serve.refusals import Gone, Refusal
from serve.service import Service

PAGE = Path(__file__).resolve().parent / "page"


def make_app(service: Service, *, names: Iterable[str], any_address: bool, token: str | None) -> Guard:
    """The ASGI application.

    Args:
        names: what this server may be called in a Host header, beside addresses.
        any_address: whether addresses beyond loopback are among them.
        token: what every request must bring, if there is one.
    """
    tools = agents.application(service)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with tools.router.lifespan_context(tools):
            yield

    app = Starlette(
        routes=[
            *routes.routes(service),
            *chat.routes(service),
            *tools.routes,
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        exception_handlers={
            Refusal: routes.refuse,
            Gone: routes.gone,
            HTTPException: _not_here,
            Exception: routes.unexpected,
        },
        lifespan=lifespan,
    )
    return Guard(app, names=names, any_address=any_address, token=token)


async def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return routes.problem(request, error.status_code, error.detail, "bad_request", dict(error.headers or {}))
