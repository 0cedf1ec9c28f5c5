"""Signals as server-sent events: `GET /signals/stream` with a user's token.

1. the user's `signals_since` is asked with the cursor; its refusal is the answer where there is one
2. all signals of one answer are one event, whose id is the cursor after them: it arrives whole or
   not at all, so that a reader who comes back with `Last-Event-ID` misses and repeats nothing
3. without news a comment is sent now and then, and a reader who left is noticed

Source: html.spec.whatwg.org, "Server-sent events".
"""

from __future__ import annotations

import json
import select
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.server import BaseHTTPRequestHandler

    from candlewatch.local.payload import Answer

STREAM_PATH: Final = "/signals/stream"

POLL_SECONDS: Final = 1.0
"""Pause between two questions: short beside a candle, cheap for a few hundred readers."""

COMMENT_SECONDS: Final = 15.0
"""Silence after which a comment is sent, so that proxies keep the connection."""

_SIGNALS_PER_EVENT: Final = 500
_OK: Final = 200


def stream_signals(
    handler: BaseHTTPRequestHandler,
    query: str,
    headers: Mapping[str, str],
    ask: Callable[[str, str], Answer],
) -> Answer | None:
    """Send the caller's signals until the reader leaves or the token ends.

    Args:
        handler: holds the connection and the request.
        query: of the request; `cursor` starts after it, `Last-Event-ID` wins.
        headers: of the answer, besides the stream's own.
        ask: sends the request's credentials to a path of the API with a query.

    Returns:
        The API's refusal, or nothing once the stream is over.
    """
    given = dict(parse_qsl(query))
    cursor = handler.headers.get("Last-Event-ID") or given.get("cursor", "")
    key = {"apikey": given["apikey"]} if "apikey" in given else {}
    answer = _since(ask, cursor, key)
    if answer.status != _OK:
        return answer
    handler.send_response_only(_OK)
    for name, value in {
        **headers,
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-store",
        "Connection": "close",
    }.items():
        handler.send_header(name, value)
    handler.end_headers()
    spoke_at = 0.0
    while answer.status == _OK:
        news: dict[str, Any] = json.loads(answer.body)
        cursor = news["cursor"]
        if news["signals"]:
            _send(handler, f"event: signals\nid: {cursor}\ndata: {json.dumps(news['signals'])}\n\n")
            spoke_at = time.monotonic()
        elif time.monotonic() - spoke_at > COMMENT_SECONDS:
            _send(handler, ": still here\n\n")
            spoke_at = time.monotonic()
        full = len(news["signals"]) == _SIGNALS_PER_EVENT
        if _has_left(handler, 0.0 if full else POLL_SECONDS):
            return None
        answer = _since(ask, cursor, key)
    _send(handler, f"event: error\ndata: {json.dumps(json.loads(answer.body))}\n\n")
    return None


def _since(ask: Callable[[str, str], Answer], cursor: str, key: Mapping[str, str]) -> Answer:
    question = {"p_cursor": cursor, "p_limit": _SIGNALS_PER_EVENT, **key}
    return ask("/rpc/signals_since", urlencode(question))


def _send(handler: BaseHTTPRequestHandler, text: str) -> None:
    handler.wfile.write(text.encode())
    handler.wfile.flush()


def _has_left(handler: BaseHTTPRequestHandler, seconds: float) -> bool:
    """Wait; a reader who sends nothing more and closes becomes readable."""
    return bool(select.select([handler.connection], [], [], seconds)[0])
