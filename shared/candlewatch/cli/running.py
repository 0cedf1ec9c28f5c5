"""Find the running stack from another process."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from candlewatch.errors import SetupError
from candlewatch.local.credentials import Credentials, load_credentials
from candlewatch.local.home import Home, State, find_home
from candlewatch.local.ports import LOOPBACK


@dataclass(frozen=True)
class Running:
    """A running stack, as others see it."""

    home: Home
    state: State
    credentials: Credentials

    @property
    def database_url(self) -> str:
        """Connection string of `postgres`."""
        return (
            f"postgresql://postgres:{self.credentials.postgres_password}@{LOOPBACK}:"
            f"{self.state.database_port}/{self.state.database}"
        )

    def connect(self) -> psycopg.Connection:
        """Connect to the database as `postgres`; the caller closes.

        Raises:
            SetupError: the database does not answer.
        """
        try:
            return psycopg.connect(self.database_url, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError as exc:
            raise SetupError(
                "the database does not answer: look into .candlewatch/pg/postgres.log, or stop "
                "`candlewatch up` and start it again"
            ) from exc


def find_running() -> Running:
    """Return the running stack.

    Raises:
        SetupError: nothing runs.
    """
    home = find_home()
    state = home.read_state() if home.running else None
    if state is None:
        raise SetupError("nothing runs here: start it with `make run` or `candlewatch up`")
    return Running(home, state, load_credentials(home.secrets))
