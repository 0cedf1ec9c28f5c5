"""The process of gateway and function host: `python -m candlewatch.local.serve`.

Its settings come as JSON in one environment variable, because they hold secrets, which other
users may read on a command line.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from candlewatch.local.credentials import Credentials
from candlewatch.local.functions import CALL_SECONDS, FunctionHost
from candlewatch.local.gateway import Gateway, make_server
from candlewatch.local.keys import Keyring

VARIABLE: Final = "CANDLEWATCH_SERVE"

ORIGIN_VARIABLE: Final = "CANDLEWATCH_ALLOWED_ORIGIN"
"""Environment variable: whose pages may read the answers (CORS); functions read the same one."""


@dataclass(frozen=True)
class ServeSettings:
    """What the process is told.

    Attributes:
        listener: descriptor of the socket on which the gateway listens.
        rest_port: PostgREST's port.
        credentials: keys and the secret of tokens.
        functions: folder of the functions.
        logs: folder for the functions' logs.
        environment: variables of the functions, on top of ours.
        call_seconds: time limit of a call.
    """

    listener: int
    rest_port: int
    credentials: dict[str, str]
    functions: str
    logs: str
    environment: dict[str, str] = field(default_factory=dict)
    call_seconds: float = CALL_SECONDS

    def to_environment(self) -> dict[str, str]:
        """Return the environment that starts the process with these settings."""
        return {**os.environ, VARIABLE: json.dumps(asdict(self))}


def main() -> None:
    """Serve until SIGTERM, then stop the functions."""
    settings = ServeSettings(**json.loads(os.environ.pop(VARIABLE)))
    environment = {**os.environ, **settings.environment}
    host = FunctionHost(
        Path(settings.functions), environment, Path(settings.logs), settings.call_seconds
    )
    keyring = Keyring(Credentials(**settings.credentials))
    gateway = Gateway(settings.rest_port, keyring, host, environment.get(ORIGIN_VARIABLE) or "*")
    server = make_server(socket.socket(fileno=settings.listener), gateway)
    # Not an event: a handler that sets one may interrupt the wait that holds its lock.
    asked: SimpleQueue[None] = SimpleQueue()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked.put(None))
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    asked.get()
    server.shutdown()
    host.stop()


if __name__ == "__main__":
    main()
