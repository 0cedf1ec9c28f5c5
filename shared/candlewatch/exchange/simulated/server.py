"""The simulated exchange as a real HTTP/1.1 server, in one thread, on asyncio's streams.

`/api/v3/...` is the exchange. `/control` is not part of its API: GET tells state and anchor, POST
with JSON takes `hold`, `release`, `step` (seconds), `move_to` (time), `rules` (a fault script),
`latency` (seconds) and `weight_limit` (per minute).
"""

from __future__ import annotations

import asyncio
import json
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from candlewatch.errors import SetupError
from candlewatch.exchange.simulated.answers import Answer, SimulatedExchange, describe
from candlewatch.exchange.simulated.script import read_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX: Final = "/api/v3/"
_BODY_BYTES: Final = 1 << 20
_ENDS: Final = (
    ConnectionError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    asyncio.CancelledError,
    ValueError,
)
"""How a connection ends: the peer leaves, sends nonsense, or the server stops."""


class Server:
    """Serves an exchange until it is stopped; `port` is known once `start` has returned."""

    def __init__(self, exchange: SimulatedExchange, host: str = "127.0.0.1", port: int = 0) -> None:
        self.exchange = exchange
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Base address."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            SetupError: the port is taken.
        """
        try:
            self._server = await asyncio.start_server(self._talk, self.host, self.port, backlog=512)
        except OSError as exc:
            raise SetupError(
                f"port {self.port} on {self.host} cannot be used ({exc.strerror}): "
                "stop what listens there, or choose another with --port"
            ) from exc
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the socket and all connections."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._talks):
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(writer)
        with suppress(*_ENDS):
            while await self._exchange(reader, writer):
                pass
        self._talks.discard(writer)
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; return whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _version = head[0].split(" ", 2)
        headers = {
            k.strip().lower(): v.strip()
            for k, _, v in (line.partition(":") for line in head[1:] if line)
        }
        length = min(int(headers.get("content-length", "0")), _BODY_BYTES)
        body = await reader.readexactly(length) if length else b""
        answer = self._answer(method, target, body)
        if answer.delay:
            await asyncio.sleep(answer.delay)
        await _send(writer, answer)
        if answer.keep is not None:
            writer.transport.abort()
            return False
        return headers.get("connection", "").lower() != "close"

    def _answer(self, method: str, target: str, body: bytes) -> Answer:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if parts.path.startswith(_PREFIX) and method == "GET":
            return self.exchange.answer(parts.path.removeprefix(_PREFIX), query)
        if parts.path == "/control":
            return self._control(json.loads(body) if body else {})
        return Answer(404, b'{"code":-1000,"msg":"not found"}')

    def _control(self, order: dict[str, Any]) -> Answer:
        """Carry out an order, then tell the state."""
        clock = self.exchange.clock
        try:
            if "rules" in order:
                self.exchange.rules = read_rules(json.dumps(order["rules"]))
            if "latency" in order:
                self.exchange.latency = float(order["latency"])
            if "weight_limit" in order:
                self.exchange.accounts.limit = int(order["weight_limit"])
            if order.get("hold"):
                clock.hold()
            if "move_to" in order:
                clock.move_to(datetime.fromisoformat(order["move_to"]))
            if "step" in order:
                clock.step(float(order["step"]))
            if order.get("release"):
                clock.release()
        except (SetupError, ValueError, TypeError) as error:
            return Answer(400, json.dumps({"message": str(error)}).encode())
        return Answer(200, json.dumps(describe(self.exchange)).encode())


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    """Write an answer, in the way in which its faults want it."""
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    headers = {
        "content-length": str(len(answer.body)),
    } | answer.headers
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    body = answer.body if answer.keep is None else answer.body[: answer.keep]
    if not answer.drip:
        writer.write(head + body)
        await writer.drain()
        return
    writer.write(head)
    for start in range(len(body)):
        writer.write(body[start : start + 1])
        await writer.drain()
        await asyncio.sleep(answer.drip)


@contextmanager
def serving(exchange: SimulatedExchange, port: int = 0) -> Iterator[Server]:
    """Serve an exchange from a thread of its own while the block runs.

    Raises:
        SetupError: the port is taken.
    """
    server = Server(exchange, port=port)
    with closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(server.start())
        thread = Thread(target=loop.run_forever, name="simulated-exchange", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(_shut(server), loop).result(5)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5)


async def _shut(server: Server) -> None:
    await server.stop()
    current = asyncio.current_task()
    talks = [task for task in asyncio.all_tasks() if task is not current]
    for task in talks:
        task.cancel()
    await asyncio.gather(*talks, return_exceptions=True)
