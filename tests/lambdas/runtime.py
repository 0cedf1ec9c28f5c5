"""Lambda without AWS: its real runtime interface client, against the API that it talks to.

1. `lay_out`        a folder as Lambda unpacks it: our sources, and links to what the bundle carries
2. `RuntimeApi`     hands out events and takes the answers
3. `running`        the client in a process that sees that folder and itself, and nothing else

Source: AWS Lambda developer guide, "Using the Lambda runtime API".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import Requirement
from tests.fixtures.project import PROJECT

from candlewatch.deployment.bundles import add_sources, needs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SITE: Final = Path(str(distribution("httpx").locate_file("")))
_CLIENT: Final = ("awslambdaric",)
_VERSION: Final = "2018-06-01"
_SECONDS: Final = 30.0

SETTINGS: Final = {
    "CANDLEWATCH_API_URL": "http://127.0.0.1:9",
    "CANDLEWATCH_API_KEY": "publishable",
    "CANDLEWATCH_WORKER_TOKEN": "a token of the worker",
    "CANDLEWATCH_WAKE_SECRET": "a wake secret of the test",
    "CANDLEWATCH_EXCHANGE_URL": "http://127.0.0.1:9",
}
"""What a function has to be told, with addresses where nobody answers."""


def lay_out(bundle: str, folder: Path) -> Path:
    """Make the folder of a bundle as it is after unpacking, with this machine's packages."""
    add_sources(PROJECT, bundle, folder)
    _link(needs_of(PROJECT, bundle), folder)
    return folder


def _link(packages: Iterable[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    waiting, seen = list(packages), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or [] if file.parts[0] != ".."}:
            if top != "__pycache__" and not (folder / top).exists():
                (folder / top).symlink_to(_SITE / top)
        needed = map(Requirement, found.requires or [])
        waiting += [
            item.name
            for item in needed
            if item.marker is None or item.marker.evaluate({"extra": ""})
        ]


@dataclass
class RuntimeApi:
    """Lambda's side: what it hands out, and what it is told."""

    events: Queue[dict[str, Any]] = field(default_factory=Queue)
    told: Queue[tuple[str, Any]] = field(default_factory=Queue)
    seconds: float = 30.0

    def answered(self) -> tuple[str, Any]:
        """Return the next word of the client: `response`, `error` or `init`, and its content."""
        return self.told.get(timeout=_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: RuntimeApi

    def do_GET(self) -> None:
        event = None
        while event is None:
            try:
                event = self.api.events.get(timeout=0.05)
            except Empty:
                if self.server._BaseServer__shutdown_request:  # type: ignore[attr-defined]
                    return
        until = round((time.time() + self.api.seconds) * 1000)
        self._answer(
            200,
            json.dumps(event).encode(),
            {
                "Lambda-Runtime-Aws-Request-Id": "11111111-2222-3333-4444-555555555555",
                "Lambda-Runtime-Deadline-Ms": str(until),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:local:1:function:it",
                "Lambda-Runtime-Trace-Id": "Root=1-1-1",
                "Content-Type": "application/json",
            },
        )

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = "init" if "/init/" in self.path else self.path.rpartition("/")[2]
        self._answer(202, b"{}", {})
        self.api.told.put((kind, content))

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        assert self.path.startswith(f"/{_VERSION}/runtime/")
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the inherited name
        """Write no line per request."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that was killed is no event."""


def isolated(tree: Path, folder: Path, variables: dict[str, str]) -> dict[str, str]:
    """Return the environment of a Python that sees a tree and the client, and nothing else."""
    if not folder.exists():
        _link(_CLIENT, folder)
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nowhere",
        "PYTHONPATH": f"{tree}:{folder}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        **variables,
    }


@contextmanager
def running(
    tree: Path, function: str, variables: dict[str, str], scratch: Path
) -> Iterator[RuntimeApi]:
    """Run a function as Lambda does; its log is `<function>.log` in the scratch folder."""
    api = RuntimeApi()
    handler = type("Handler", (_Handler,), {"api": api})
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    address = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}"}
    with (scratch / f"{function}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-S", "-m", "awslambdaric", f"functions/{function}/handler.handler"],
            cwd=tree,
            env=isolated(tree, scratch / "client", variables | address),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield api
    finally:
        process.kill()
        process.wait()
        server.shutdown()
        server.server_close()
