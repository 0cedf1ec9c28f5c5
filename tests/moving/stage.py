"""The gateway over a test's database, and the command line as somebody outside runs it."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fixtures.command import Command
from tests.fixtures.project import ENVIRONMENT, PROJECT

from candlewatch.local import ports
from candlewatch.local.functions import FunctionHost
from candlewatch.local.gateway import Gateway, make_server
from candlewatch.local.home import Home
from candlewatch.local.keys import Keyring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest


@dataclass(frozen=True)
class Desk:
    """Where somebody sits who moves traders: a folder for files and the way to the API.

    Attributes:
        database: for the test alone.
        rest: PostgREST.
        url: of the gateway.
        folder: of the files.
    """

    database: Database
    rest: Rest
    url: str
    folder: Path

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        file = self.folder / name
        file.write_text(text)
        return file

    def as_user(self, account: UUID, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run the command line with a user's token."""
        ends = int(time.time()) + 3600
        token = self.rest.token("authenticated", sub=str(account), aud="authenticated", exp=ends)
        told = {
            "SUPABASE_PUBLISHABLE_KEY": self.rest.credentials.publishable_key,
            "CANDLEWATCH_TOKEN": token,
        }
        return self._run(told, *arguments)

    def as_operator(self, account: UUID, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run the command line with the secret key, for an account."""
        told = {"SUPABASE_SECRET_KEY": self.rest.credentials.secret_key}
        return self._run(told, *arguments, "--account", account)

    def traders(self, account: UUID) -> list[tuple[Any, ...]]:
        """Return key, name, timeframe and whether it is enabled of the account's traders."""
        return self.database.rows(
            "select t.external_key, t.name, t.timeframe, t.enabled from public.traders as t "
            "where t.account_id = %s order by t.external_key",
            [account],
        )

    def _run(self, told: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
        command = Command(Home(PROJECT, self.folder / "home"))
        return subprocess.run(
            command.arguments(*map(str, arguments)),
            env={**ENVIRONMENT, "SUPABASE_URL": self.url, **told},
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def open_desk(database: Database, rest: Rest, folder: Path) -> Iterator[Desk]:
    """Run a gateway without functions over a database."""
    listener = ports.listen()
    url = f"http://{ports.LOOPBACK}:{listener.getsockname()[1]}"
    host = FunctionHost(folder, os.environ, folder)
    server = make_server(listener, Gateway(rest.postgrest.port, Keyring(rest.credentials), host))
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield Desk(database, rest, url, folder)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
