"""HTTP with a limit on everything: one deadline for a whole call, one size for a whole answer.

A time-out per read does not stop a peer that sends one byte at a time, and a size that is checked
after decompression does not stop a bomb. Here every read of the socket gets what is left until the
call's deadline, also while headers arrive, and decompression stops at the size limit.
"""

from __future__ import annotations

import threading
import time
import zlib
from typing import TYPE_CHECKING, Any, Final

import httpcore
import httpx

from candlewatch.errors import ExchangeAnswerInvalid

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

SECONDS: Final = "candlewatch.seconds"
"""Request extension: how long the whole call may take."""

_GZIP: Final = 16 + zlib.MAX_WBITS


BROKEN: Final = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    OSError,
)
"""What a broken, slow or nonsensical connection raises."""


class _Deadline(threading.local):
    """When the call of this thread must be over; a connection serves one thread at a time."""

    ends_at: float = float("inf")

    def left(self, timeout: float | None) -> float:
        seconds = self.ends_at - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout("the call's deadline has passed")
        return seconds if timeout is None else min(seconds, timeout)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout)
        inner = super().connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(inner, self._deadline)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class DeadlineTransport(httpx.BaseTransport):
    """A pool of HTTP/1.1 connections whose calls end at their deadline.

    Args:
        connections: kept and opened at most.
    """

    def __init__(self, connections: int) -> None:
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=30.0,
            network_backend=_Backend(self._deadline),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its extension `SECONDS` says how long it may take."""
        self._deadline.ends_at = time.monotonic() + request.extensions.get(SECONDS, float("inf"))
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                extensions={"timeout": {"pool": self._deadline.left(None)}},
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def read_body(response: httpx.Response, limit_bytes: int) -> bytes:
    """Read and decompress a body, stopping at the limit.

    Raises:
        ExchangeAnswerInvalid: it is larger, or no gzip where it says so.
    """
    zipped = response.headers.get("content-encoding", "").lower() == "gzip"
    unzip = zlib.decompressobj(_GZIP) if zipped else None
    parts, size = [], 0
    for chunk in response.iter_raw():
        try:
            part = unzip.decompress(chunk, limit_bytes + 1 - size) if unzip else chunk
        except zlib.error as exc:
            raise ExchangeAnswerInvalid(f"the answer says that it is gzip: {exc}") from exc
        parts.append(part)
        size += len(part)
        if size > limit_bytes:
            raise ExchangeAnswerInvalid(f"the answer is larger than {limit_bytes:,} bytes")
    if unzip and not unzip.eof:
        raise ExchangeAnswerInvalid("the answer's gzip is cut off")
    return b"".join(parts)
