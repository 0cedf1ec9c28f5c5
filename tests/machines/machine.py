"""A machine: a process with an address of its own that hosts functions, as Lambda or a server does.

It is the local stack's own gateway and function host on another loopback address (on Linux all of
127.0.0.0/8 is loopback). Its functions are the project's, in processes of their own, and know of
the database what their environment says.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import httpx
from tests.fixtures.project import ENVIRONMENT, PROJECT
from tests.fixtures.waiting import is_alive, wait_for

from candlewatch.local import processes
from candlewatch.local.calls import call_function, is_healthy
from candlewatch.local.serve import ServeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.rest import Rest

START_SECONDS = 20.0


@dataclass
class Machine:
    """A running machine.

    Attributes:
        name: as its functions call themselves when they claim.
        url: where it is reached.
        process: gateway and function host.
    """

    name: str
    url: str
    process: processes.Process
    _secret: str
    _wakes: list[Thread]

    def keep_awake(self, count: int) -> None:
        """Wake `evaluate` until so many runs are under way; nobody waits for their answers."""
        self._wakes = [thread for thread in self._wakes if thread.is_alive()]
        for _ in range(count - len(self._wakes)):
            thread = Thread(target=self._wake)
            thread.start()
            self._wakes.append(thread)

    def _wake(self) -> None:
        # A machine that dies while it is asked gives no answer: a wake may be lost.
        with suppress(httpx.HTTPError):
            call_function(self.url, self._secret, "evaluate", "{}")

    def functions(self) -> list[int]:
        """Return the process ids of its functions."""
        return [
            int(stat.parent.name)
            for stat in Path("/proc").glob("[0-9]*/stat")
            if _parent_of(stat) == self.process.pid
        ]

    def kill(self) -> int:
        """Take the machine away: SIGKILL to all of it at once; return how many functions died."""
        functions = self.functions()
        for pid in (self.process.pid, *functions):
            os.kill(pid, signal.SIGKILL)
        self.process.kill()
        wait_for(lambda: not any(map(is_alive, functions)), f"{self.name} is gone")
        self.rest()
        return len(functions)

    def rest(self) -> None:
        """Wait until all its wakes were answered or lost."""
        while self._wakes:
            self._wakes.pop().join()


@contextmanager
def running_machine(
    name: str, address: str, rest: Rest, folder: Path, functions: Path = PROJECT / "functions"
) -> Iterator[Machine]:
    """Run a machine on an address; at the end all of it stops.

    Args:
        name: of the machine.
        address: an address of the loopback network, for instance `127.0.0.2`.
        rest: the database's API.
        folder: for its logs.
        functions: folder of the functions that it hosts.
    """
    logs = folder / name
    logs.mkdir()
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((address, 0), backlog=128))
        url = f"http://{address}:{listener.getsockname()[1]}"
        serve = ServeSettings(
            listener=listener.fileno(),
            rest_port=rest.postgrest.port,
            credentials=asdict(rest.credentials),
            functions=str(functions),
            logs=str(logs),
            environment={
                "CANDLEWATCH_API_URL": url,
                "CANDLEWATCH_API_KEY": rest.credentials.publishable_key,
                "CANDLEWATCH_WORKER_TOKEN": rest.token("candlewatch_worker"),
                "CANDLEWATCH_WAKE_SECRET": rest.credentials.wake_secret,
                "CANDLEWATCH_WORKER_NAME": name,
                "OPENBLAS_NUM_THREADS": "1",
            },
        )
        process = processes.start(
            name,
            [sys.executable, "-m", "candlewatch.local.serve"],
            log=logs / "machine.log",
            environment={**serve.to_environment(), "PYTHONPATH": ENVIRONMENT["PYTHONPATH"]},
            descriptors=[listener.fileno()],
        )
        machine = Machine(name, url, process, rest.credentials.wake_secret, [])
        stack.callback(machine.rest)
        stack.callback(process.stop)
        process.wait_until(lambda: is_healthy(url), "answer", START_SECONDS)
        yield machine


def _parent_of(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
