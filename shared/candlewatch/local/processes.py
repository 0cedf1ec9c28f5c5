"""Processes that never outlive the one that started them.

Each child is a session of its own (a Ctrl-C at the terminal reaches the parent alone, which then
stops its children in order) and is started through `leash.py`, so that the kernel stops it should
the parent be killed. The kernel watches the *thread* that started a child: start children from
the main thread, or from one that lives as long as they do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LEASH: Final = Path(__file__).with_name("leash.py")
_POLL_SECONDS: Final = 0.02
_TAIL_BYTES: Final = 4_000


@dataclass(frozen=True)
class Identity:
    """The user that a process runs as, when it is not our own."""

    uid: int
    gid: int


class Process:
    """A running child, its name for people and its log file."""

    def __init__(
        self, name: str, popen: subprocess.Popen[bytes], log: Path, stop_signal: int
    ) -> None:
        self.name = name
        self.log = log
        self._popen = popen
        self._stop_signal = stop_signal

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._popen.poll() is None

    def send(self, signal_number: int) -> None:
        """Send a signal; a process that is gone already is left alone."""
        if self.running:
            self._popen.send_signal(signal_number)

    def stop(self, patience_seconds: float = 10.0) -> None:
        """Ask the process to end, wait, and kill its whole session if it does not listen."""
        self.send(self._stop_signal)
        try:
            self._popen.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._sweep()

    def kill(self) -> None:
        """Kill the process and everything in its session, at once."""
        self._sweep()
        self.send(signal.SIGKILL)
        self._popen.wait()

    def _sweep(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def last_words(self) -> str:
        """Return the end of the log, for an error message."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until `ready` answers true.

        Raises:
            SetupError: the process ended, or was not ready within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                words = self.last_words().splitlines()
                last = words[-1] if words else "it said nothing"
                raise SetupError(f"{self.name} ended while starting: {last} (log: {self.log})")
            if time.monotonic() > deadline:
                raise SetupError(
                    f"{self.name} did not {what} within {seconds:.0f} s; see its log {self.log}"
                )
            time.sleep(_POLL_SECONDS)


def start(
    name: str,
    program: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    identity: Identity | None = None,
    stop_signal: int = signal.SIGTERM,
    descriptors: Sequence[int] = (),
) -> Process:
    """Start a program on a leash; its output goes to `log`.

    Args:
        name: what people call it in messages.
        program: the program, by absolute path, and its arguments.
        log: file that gets both output streams; written anew.
        environment: the whole environment; without it, ours.
        identity: user to run as; needs root.
        stop_signal: ends the program in an orderly way.
        descriptors: open files that it inherits, under the same numbers.
    """
    user = ("-", "-") if identity is None else (str(identity.uid), str(identity.gid))
    leash = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), str(int(stop_signal))]
    with log.open("wb") as output:
        popen = subprocess.Popen(
            [*leash, *user, "--", *map(str, program)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd="/",
            start_new_session=True,
            pass_fds=descriptors,
        )
    return Process(name, popen, log, stop_signal)
