"""The folder that an installation lives in: `.candlewatch/` in the project, ignored by git.

secrets.json   passwords and keys, readable by their owner alone
stack.json     what runs: addresses, process ids, the market
lock           held by the running stack; the kernel frees it when that process ends, however
it ends logs/          one file per process and per function pg/            Postgres's files
(elsewhere when its user cannot get here, see ground.py)
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class State:
    """What a running stack tells others; nothing in it is secret.

    Attributes:
        pid: process id of `candlewatch up`.
        url: the API's address.
        database_port: Postgres's port.
        database: name of the database.
        market: live, simulated or replay.
        exchange_url: address of the market data.
        processes: process id by name.
    """

    pid: int
    url: str
    database_port: int
    database: str
    market: str
    exchange_url: str
    processes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Home:
    """Paths of one installation.

    Attributes:
        project: the project's root.
        folder: the installation's folder.
    """

    project: Path
    folder: Path

    @property
    def secrets(self) -> Path:
        """File of the credentials."""
        return self.folder / "secrets.json"

    @property
    def logs(self) -> Path:
        """Folder of the logs."""
        return self.folder / "logs"

    @property
    def postgres(self) -> Path:
        """Where Postgres's files should be."""
        return self.folder / "pg"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            SetupError: they cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Postgres's own user passes through; what is secret inside is closed by itself.
            self.folder.chmod(0o711)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise SetupError(f"cannot write to {self.folder}: {exc.strerror}") from exc

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the installation; only one process can.

        Raises:
            SetupError: another process holds it.
        """
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            state = self.read_state()
            who = f" (process {state.pid})" if state else ""
            raise SetupError(
                f"Candlewatch runs already in {self.folder}{who}: stop it with Ctrl-C there, "
                "or look at it with `candlewatch status`"
            ) from None
        try:
            yield
        finally:
            os.close(descriptor)

    @property
    def running(self) -> bool:
        """Whether a stack runs in this installation."""
        try:
            with self.locked():
                return False
        except SetupError:
            return True
        except FileNotFoundError:
            return False

    def read_state(self) -> State | None:
        """Return what the last stack told, None if there was none."""
        try:
            told: dict[str, Any] = json.loads((self.folder / "stack.json").read_text())
            return State(**told)
        except (OSError, ValueError, TypeError):
            return None

    def write_state(self, state: State) -> None:
        """Tell others what runs."""
        draft = self.folder / "stack.new"
        draft.write_text(json.dumps(asdict(state), indent=2))
        draft.rename(self.folder / "stack.json")


def find_home() -> Home:
    """Return the installation of this project; `CANDLEWATCH_HOME` names another folder for it."""
    project = Path(__file__).parents[3]
    named = os.environ.get("CANDLEWATCH_HOME")
    return Home(project, Path(named).absolute() if named else project / ".candlewatch")
