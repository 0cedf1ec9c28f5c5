"""The Supabase command line, as CI installs it, on a database of a test's own."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from tests.fixtures.project import PROJECT

if TYPE_CHECKING:
    from tests.fixtures.database import Database

CLI: Final = PROJECT / ".ci" / "tools" / "node_modules" / ".bin" / "supabase"


def push(database: Database) -> subprocess.CompletedProcess[str]:
    """Apply the migrations that the database lacks."""
    return supabase("db", "push", f"--remote={url_of(database)}", "--yes")


def supabase(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the command line; it prints where it is told, and asks nobody."""
    return subprocess.run(
        [str(CLI), *arguments, "--workdir", str(PROJECT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "DO_NOT_TRACK": "1", "SUPABASE_TELEMETRY_DISABLED": "1"},
    )


def url_of(database: Database) -> str:
    """Return the database's address for `postgres`."""
    cluster = database.server.cluster
    password = database.server.credentials.login_passwords["postgres"]
    return f"postgresql://postgres:{password}@127.0.0.1:{cluster.port}/{database.name}"
