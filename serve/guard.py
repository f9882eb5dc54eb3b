"""Who may talk to the server: checked before any route, for every request.

- Host must be a name of this server: a web page that has its own name resolved to this machine (DNS rebinding) is
  refused. An address is no name that can be made to lead elsewhere; with `--host` beyond loopback any address is good.
- A request that changes or costs something must come from the server's own page or from no page at all: Origin.
- JSON or a raw file as content type, which no web page can send elsewhere without being asked first; and nobody is
  allowed by CORS headers, since there are none.
- A token, where there is one: as a bearer or, for the page, in a cookie that the first visit with `?token=` sets.
"""

import hmac
import ipaddress
from collections.abc import Iterable
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = ("localhost",)
COOKIE = "text2sql_token"
SAFE_METHODS = ("GET", "HEAD")
CONTENT_TYPES = {"/upload": "application/octet-stream"}  # application/json elsewhere
HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach what listens on `host`."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in LOOPBACK_NAMES


class Guard:
    """The application behind these checks."""

    def __init__(self, app: ASGIApp, *, names: Iterable[str], any_address: bool, token: str | None) -> None:
        self.app = app
        self.names = {name.lower() for name in names}
        self.any_address = any_address
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no route speaks anything else
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refused = self._refusal(scope)
        await (refused or self.app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        if not scope["path"].isprintable():  # a NUL is in no file's name
            return _refuse(404, "Not Found")
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_ours(host):
            return _refuse(421, "this server is not called that; start it with --allow-host NAME")
        if not _same_origin(headers, host, safe=scope["method"] in SAFE_METHODS):
            return _refuse(403, "requests from other web pages are refused")
        if scope["method"] not in SAFE_METHODS:
            expected = CONTENT_TYPES.get(scope["path"], "application/json")
            given = headers.get("content-type", "").partition(";")[0].strip().lower()
            if scope["method"] == "POST" and given != expected:
                return _refuse(415, f"the content type must be {expected}")
        return self._check_token(scope, headers) if self.token else None

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host).lower()
        if name in self.names or is_loopback(name):
            return True
        return self.any_address and _is_address(name)

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        visit = scope["method"] == "GET" and scope["path"] == "/" and "token" in query
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        given = [
            query["token"][0] if visit else "",
            bearer.strip() if kind.lower() == "bearer" else "",
            cookie_parser(headers.get("cookie", "")).get(COOKIE, ""),
        ]
        # every one is compared, so that the time says nothing
        right = [hmac.compare_digest(text.encode("utf-8", "replace"), self.token.encode()) for text in given]
        if not any(right):
            return _refuse(401, "a token is needed: Authorization: Bearer TOKEN, or the address printed at the start")
        if visit and right[0]:
            return self._remember(query)
        return None

    def _remember(self, query: dict[str, list[str]]) -> Response:
        """To the page without the token in its address, which would stay in the browser's history."""
        rest = urlencode({name: values for name, values in query.items() if name != "token"}, doseq=True)
        response = RedirectResponse(f"/?{rest}" if rest else "/", status_code=303)
        response.set_cookie(COOKIE, self.token, httponly=True, samesite="strict", max_age=30 * 86_400)
        return response


def _refuse(status: int, text: str) -> Response:
    headers = {"www-authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": text}, status, headers)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _same_origin(headers: Headers, host: str, *, safe: bool) -> bool:
    """Whether no other web page can have sent this: the origin, where a browser names one, is the host asked."""
    origin = headers.get("origin")
    if origin is not None:
        return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")
    return safe or headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
