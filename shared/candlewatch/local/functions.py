"""The function host: what AWS Lambda is in production, on one machine.

1. `FunctionHost.invoke` takes an idle instance of the function, or starts one up to a limit, or
   waits.
2. The instance (`instance.py`) answers; if it takes longer than the time limit it is killed.
   A killed or crashed instance costs its own call and nothing else.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from threading import Condition
from typing import TYPE_CHECKING, Any, Final

from candlewatch.local.instance import receive_message, send_message
from candlewatch.local.payload import Answer, answer_of, error_answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

INSTANCES_LIMIT: Final = 2
"""Processes per function: one serves while another starts; a laptop can spare two cores."""

CALL_SECONDS: Final = 60.0
"""Time limit of one call; the instance is killed after it."""

QUEUE_SECONDS: Final = 3.0
"""How long a call waits for an instance before it is told to come back later (429)."""

START_SECONDS: Final = 20.0
"""Time limit of an instance's import."""


class Instance:
    """One process of one function."""

    def __init__(self, handler: Path, environment: Mapping[str, str], log: Path) -> None:
        ours, theirs = socket.socketpair()
        self._connection = ours
        program = [sys.executable, "-m", "candlewatch.local.instance", str(theirs.fileno())]
        with theirs, log.open("ab") as output:
            self._process = subprocess.Popen(
                [*program, str(handler)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> dict[str, Any] | None:
        """Return the next message; None if the process ended or took too long."""
        self._connection.settimeout(seconds)
        try:
            return receive_message(self._connection)
        except TimeoutError:
            return None

    def call(self, event: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Make a call and return the reply; None if the process ended or took too long."""
        self._connection.settimeout(seconds)
        try:
            send_message(self._connection, {"event": event, "seconds": seconds})
        except OSError:
            return None
        return self.wait(seconds)

    def ask_to_stop(self) -> None:
        """Tell the process to finish or release what it holds (SIGTERM)."""
        if self.running:
            self._process.terminate()

    def end(self) -> None:
        """Kill the process and close the socket."""
        if self.running:
            self._process.kill()
        self._process.wait()
        self._connection.close()


@dataclass
class _Pool:
    idle: list[Instance] = field(default_factory=list)
    busy: list[Instance] = field(default_factory=list)
    starting: int = 0

    @property
    def size(self) -> int:
        return len(self.idle) + len(self.busy) + self.starting


class FunctionHost:
    """Runs the functions of a folder.

    Args:
        folder: holds `<name>/handler.py` for each function.
        environment: the whole environment of the instances.
        logs: folder that gets one log file per function.
        call_seconds: time limit of a call.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        logs: Path,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._logs = logs
        self._call_seconds = call_seconds
        self._pools: dict[str, _Pool] = {}
        self._changed = Condition()
        self._stopped = False

    def names(self) -> list[str]:
        """Return the names of the functions."""
        return sorted(file.parent.name for file in self._folder.glob("*/handler.py"))

    def pids(self, name: str) -> list[int]:
        """Return the process ids of a function's instances."""
        with self._changed:
            pool = self._pools.get(name, _Pool())
            return [instance.pid for instance in (*pool.idle, *pool.busy)]

    def invoke(self, name: str, event: dict[str, Any]) -> Answer:
        """Call a function and return its answer; every failure is an answer, too."""
        if name not in self.names():
            return error_answer(404, f"there is no function {name!r}")
        instance = self._take(name)
        if instance is None:
            return error_answer(429, f"all instances of {name} are busy", **{"Retry-After": "1"})
        if isinstance(instance, Answer):
            return instance
        reply = instance.call(event, self._call_seconds)
        self._give_back(name, instance, healthy=reply is not None)
        if reply is None:
            return error_answer(502, f"{name} ended or took too long; its log is in {self._logs}")
        if "error" in reply:
            return error_answer(502, f"{name} failed: {reply['error']['errorType']}")
        return answer_of(reply["result"])

    def stop(self, patience_seconds: float = 3.0) -> None:
        """Stop all instances: ask, wait a little, kill."""
        with self._changed:
            self._stopped = True
            every = [i for pool in self._pools.values() for i in (*pool.idle, *pool.busy)]
            busy = [i for pool in self._pools.values() for i in pool.busy]
        for instance in busy:
            instance.ask_to_stop()
        deadline = time.monotonic() + patience_seconds
        with self._changed:
            self._changed.wait_for(self._is_quiet, max(0.0, deadline - time.monotonic()))
        for instance in every:
            instance.end()

    def _is_quiet(self) -> bool:
        return not any(pool.busy for pool in self._pools.values())

    def _take(self, name: str) -> Instance | Answer | None:
        """Return an instance that is ours until it is given back, or why there is none."""
        with self._changed:
            pool = self._pools.setdefault(name, _Pool())
            self._changed.wait_for(
                lambda: self._stopped or pool.idle or pool.size < INSTANCES_LIMIT, QUEUE_SECONDS
            )
            while pool.idle:
                instance = pool.idle.pop()
                if instance.running:
                    pool.busy.append(instance)
                    return instance
                instance.end()
            if self._stopped or pool.size >= INSTANCES_LIMIT:
                return None
            pool.starting += 1
        return self._start(name, pool)

    def _start(self, name: str, pool: _Pool) -> Instance | Answer:
        log = self._logs / f"{name}.log"
        instance = Instance(self._folder / name / "handler.py", self._environment, log)
        hello = instance.wait(START_SECONDS)
        ready = hello is not None and "ready" in hello
        with self._changed:
            pool.starting -= 1
            if ready:
                pool.busy.append(instance)
            self._changed.notify_all()
        if ready:
            return instance
        instance.end()
        said = hello["error"]["errorMessage"] if hello else "it ended or took too long"
        return error_answer(502, f"{name} could not start: {said}")

    def _give_back(self, name: str, instance: Instance, *, healthy: bool) -> None:
        with self._changed:
            pool = self._pools[name]
            pool.busy.remove(instance)
            if healthy and not self._stopped:
                pool.idle.append(instance)
            self._changed.notify_all()
        if not healthy:
            instance.end()
