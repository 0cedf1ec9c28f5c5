"""One warm process of one function, as Lambda keeps it: import the handler once, then serve calls.

Runs as `python -m candlewatch.local.instance DESCRIPTOR HANDLER`. The descriptor is a socket to the
host; a message is a length and JSON. The handler runs in the main thread, as it does on Lambda,
and so may handle signals. A second thread reads the socket: when the host is gone, the process
ends at once, whatever the handler is doing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import struct
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH: Final = struct.Struct(">I")


def send_message(connection: socket.socket, message: dict[str, Any]) -> None:
    """Send one message."""
    data = json.dumps(message).encode()
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive_message(connection: socket.socket) -> dict[str, Any] | None:
    """Return the next message, None when the other side is gone."""
    head = _receive(connection, _LENGTH.size)
    data = None if head is None else _receive(connection, _LENGTH.unpack(head)[0])
    return None if data is None else dict(json.loads(data))


@dataclass(frozen=True)
class CallContext:
    """What a handler may ask about its call: the names are Lambda's.

    Source: AWS Lambda developer guide, "Using the Lambda context object to retrieve Python function
    information".
    """

    function_name: str
    aws_request_id: str
    deadline: float
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "1024"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the host kills this process."""
        return max(0, round((self.deadline - time.monotonic()) * 1000))


def _receive(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        try:
            part = connection.recv(size - len(data))
        except ConnectionError:
            return None
        if not part:
            return None
        data += part
    return bytes(data)


def _load_handler(file: Path) -> Callable[[dict[str, Any], CallContext], Any]:
    spec = importlib.util.spec_from_file_location("handler", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["handler"] = module
    spec.loader.exec_module(module)
    handler: Callable[[dict[str, Any], CallContext], Any] = module.handler
    return handler


def _error(exc: BaseException) -> dict[str, Any]:
    traceback.print_exception(exc)
    return {"errorMessage": str(exc), "errorType": type(exc).__name__}


def _read_calls(connection: socket.socket, calls: SimpleQueue[dict[str, Any]]) -> None:
    while (call := receive_message(connection)) is not None:
        calls.put(call)
    os._exit(0)


def _serve(connection: socket.socket, name: str, handler: Callable[..., Any]) -> None:
    calls: SimpleQueue[dict[str, Any]] = SimpleQueue()
    Thread(target=_read_calls, args=[connection, calls], daemon=True).start()
    send_message(connection, {"ready": True})
    while True:
        call = calls.get()
        deadline = time.monotonic() + call["seconds"]
        context = CallContext(name, call["event"]["requestContext"]["requestId"], deadline)
        try:
            reply = {"result": handler(call["event"], context)}
        except Exception as exc:  # noqa: BLE001 - whatever a handler raises is its answer
            reply = {"error": _error(exc)}
        send_message(connection, reply)


def main(arguments: list[str]) -> None:
    """Serve the calls that come over the descriptor until the host is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=int(arguments[0]))
    file = Path(arguments[1])
    try:
        handler = _load_handler(file)
    except Exception as exc:
        send_message(connection, {"error": _error(exc)})
        raise SystemExit(1) from exc
    _serve(connection, file.parent.name, handler)


if __name__ == "__main__":
    main(sys.argv[1:])
