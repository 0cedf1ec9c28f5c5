"""The one public address: what the Supabase platform puts before PostgREST and the functions.

1. A body over the limit is refused before it is read; the functions' own role may send more,
   because its frames are larger.
2. `/rest/v1/...` goes to PostgREST. An API key (`apikey`) is exchanged for the token of its role,
   unless the request brings a user's token.
3. `/functions/v1/<name>` goes to the function host.
4. `/signals/stream` hands a user's signals on as they come (`stream.py`).
5. Browsers' pages of the configured origin may read the answers (CORS), by default of any origin:
   what protects the data are tokens, not origins.

Source: supabase.com/docs/guides/api/api-keys, how keys become roles.
"""

from __future__ import annotations

import http.client
import select
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from candlewatch.local.payload import Answer, error_answer, event_of
from candlewatch.local.ports import LOOPBACK
from candlewatch.local.stream import STREAM_PATH, stream_signals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from socket import socket

    from candlewatch.local.functions import FunctionHost
    from candlewatch.local.keys import Keyring

BODY_LIMIT: Final = 64 * 1024
"""Bytes of a request's body: a filter is at most 4,000 characters."""

WORKER_BODY_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of a body from a function: 500 frames of 400 symbols in base64 are 13 MB."""

CONNECTIONS_LIMIT: Final = 256
"""Open client connections, one thread each; more are refused at once."""

_IDLE_SECONDS: Final = 75.0
_UPSTREAM_SECONDS: Final = 60.0
_WORKER_ROLE: Final = "candlewatch_worker"
_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "expect"}
)
_EXPOSED: Final = "Content-Range, Content-Location, Location, Preference-Applied, Retry-After"


@dataclass(frozen=True)
class Gateway:
    """Where requests go and what opens the way.

    Attributes:
        rest_port: PostgREST's port.
        keyring: keys and tokens.
        functions: runs the functions.
        allowed_origin: whose pages may read the answers.
    """

    rest_port: int
    keyring: Keyring
    functions: FunctionHost
    allowed_origin: str = "*"

    def cors(self) -> dict[str, str]:
        """Return the headers that browsers ask for in every answer."""
        return {
            "Access-Control-Allow-Origin": self.allowed_origin,
            "Access-Control-Expose-Headers": _EXPOSED,
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, listener: socket, gateway: Gateway) -> None:
        self.gateway = gateway
        self._places = threading.BoundedSemaphore(CONNECTIONS_LIMIT)
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "candlewatch"
    sys_version = ""
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._upstream: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        super().finish()
        if self._upstream is not None:
            self._upstream.close()

    def _serve(self) -> None:
        body = self._body()
        answer = body if isinstance(body, Answer) else self._route(body)
        if answer is None:
            return
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, **self.server.gateway.cors()}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    # The standard library looks these names up.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def do_OPTIONS(self) -> None:
        self.send_response_only(204)
        asked = self.headers.get("Access-Control-Request-Headers", "authorization, apikey")
        for name, value in {
            **self.server.gateway.cors(),
            "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": asked,
            "Access-Control-Max-Age": "3600",
            "Content-Length": "0",
        }.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the inherited name
        """Write no line per request."""

    def _body(self) -> bytes | Answer:
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return error_answer(411, "the request needs a Content-Length")
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            self.close_connection = True
            return error_answer(400, "the Content-Length is no number")
        if int(length) > self._limit(int(length)):
            self.close_connection = True
            self._drain()
            return error_answer(413, f"the body must be at most {BODY_LIMIT} bytes, got {length}")
        return self.rfile.read(int(length))

    def _limit(self, length: int) -> int:
        if length <= BODY_LIMIT:
            return BODY_LIMIT
        role = self.server.gateway.keyring.role_of_token(self._bearer())
        return WORKER_BODY_LIMIT if role == _WORKER_ROLE else BODY_LIMIT

    def _drain(self) -> None:
        """Read a little of what is refused, so that most clients get to see the answer."""
        self.connection.settimeout(1.0)
        left = 16 * BODY_LIMIT
        try:
            while left > 0 and (part := self.rfile.read1(BODY_LIMIT)):
                left -= len(part)
        except OSError:
            return

    def _bearer(self) -> str:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    def _route(self, body: bytes) -> Answer | None:
        """Return the answer; None where it was sent as a stream."""
        target = urlsplit(self.path)
        if target.path == STREAM_PATH and self.command == "GET":
            self.close_connection = True
            return stream_signals(self, target.query, self.server.gateway.cors(), self._rest)
        if target.path == "/rest/v1" or target.path.startswith("/rest/v1/"):
            return self._rest(target.path.removeprefix("/rest/v1") or "/", target.query, body)
        if target.path.startswith("/functions/v1/"):
            path = target.path.removeprefix("/functions/v1")
            event = event_of(self.command, path, target.query, dict(self.headers), body)
            return self.server.gateway.functions.invoke(path.split("/")[1], event)
        if target.path == "/health":
            return Answer(200, {"Content-Type": "application/json"}, b'{"ok": true}')
        return error_answer(404, "no Route matched with those values")

    def _rest(self, path: str, query: str, body: bytes = b"") -> Answer:
        gateway = self.server.gateway
        parameters = parse_qsl(query, keep_blank_values=True)
        key = self.headers.get("apikey") or dict(parameters).get("apikey", "")
        if not key:
            return error_answer(401, "No API key found in request")
        role = gateway.keyring.role_of_key(key)
        if role is None:
            return error_answer(401, "Invalid API key")
        if any(name == "apikey" for name, _ in parameters):
            query = urlencode([pair for pair in parameters if pair[0] != "apikey"])
        dropped = _HOP_BY_HOP | {"apikey", "origin"}
        by_key = self._bearer() in {"", key}
        if by_key:
            dropped |= {"authorization"}
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in dropped
        }
        if by_key:
            headers["Authorization"] = f"Bearer {gateway.keyring.token(role)}"
        return self._forward(path + (f"?{query}" if query else ""), headers, body)

    def _forward(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        upstream = self._connection()
        try:
            upstream.request(self.command, path, body or None, dict(headers))
            response = upstream.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException):
            upstream.close()
            return error_answer(503, "the API does not answer, try again", **{"Retry-After": "1"})
        kept = {
            name: value
            for name, value in response.getheaders()
            if name.lower() not in _HOP_BY_HOP
            and not name.lower().startswith("access-control-")
            and name.lower() != "content-length"
        }
        return Answer(response.status, kept, data)

    def _connection(self) -> http.client.HTTPConnection:
        """Return the connection to PostgREST; one that it has closed meanwhile is opened again."""
        if self._upstream is None:
            port = self.server.gateway.rest_port
            self._upstream = http.client.HTTPConnection(LOOPBACK, port, timeout=_UPSTREAM_SECONDS)
        opened: socket | None = self._upstream.sock
        if opened is not None and select.select([opened], [], [], 0)[0]:
            self._upstream.close()
        return self._upstream


def make_server(listener: socket, gateway: Gateway) -> ThreadingHTTPServer:
    """Return a server on a socket that listens already; `serve_forever` serves."""
    return _Server(listener, gateway)
