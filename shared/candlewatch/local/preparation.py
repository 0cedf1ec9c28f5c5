"""Bring server and database to where they have to be, from wherever the last start left them.

Every step looks first whether it is done, so that a start that was cut off is completed by the
next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

import psycopg
from psycopg import sql

from candlewatch.local import bootstrap, migrations, ports, postgres

if TYPE_CHECKING:
    from pathlib import Path

    from candlewatch.local.credentials import Credentials

MAINTENANCE: Final = "template1"
"""The database to be connected to while others are made or dropped."""


def prepare_server(cluster: postgres.Cluster, credentials: Credentials, port: int) -> None:
    """Start the server; make its data and roles if they are not there.

    Args:
        cluster: where.
        credentials: the passwords.
        port: used if it is free, else any other.
    """
    if not cluster.exists:
        cluster.create(credentials.superuser_password)
    cluster.start(ports.free_port(port))
    conninfo = cluster.conninfo(postgres.SUPERUSER, credentials.superuser_password, MAINTENANCE)
    with psycopg.connect(conninfo, autocommit=True) as superuser:
        if _is_null(superuser, "to_regrole('authenticator')"):
            bootstrap.create_roles(superuser, credentials.login_passwords)


def prepare_database(
    superuser: psycopg.Connection, owner: psycopg.Connection, supabase: Path
) -> None:
    """Bring a database to the newest migration.

    Args:
        superuser: connected to it.
        owner: connected to it as `postgres`.
        supabase: folder with `migrations` and `seed.sql`.
    """
    if _is_null(superuser, "to_regnamespace('auth')"):
        bootstrap.fill_database(superuser)
    migrations.apply_migrations(owner, supabase / "migrations")
    migrations.apply_seed(owner, supabase / "seed.sql")


def drop_database(superuser: psycopg.Connection, name: str) -> None:
    """Drop a database if it is there, whoever is connected to it."""
    statement = sql.SQL("drop database if exists {} with (force)")
    superuser.execute(statement.format(sql.Identifier(name)))


def keep_secret(owner: psycopg.Connection, name: str, value: str) -> None:
    """Put a secret into the vault under this name, whatever was there before."""
    row = owner.execute(
        "select secret.id from vault.decrypted_secrets as secret where secret.name = %s", [name]
    ).fetchone()
    if row is None:
        owner.execute("select vault.create_secret(%s, %s)", [value, name])
    else:
        owner.execute("select vault.update_secret(%s, %s)", [row[0], value])


def _is_null(connection: psycopg.Connection, expression: LiteralString) -> bool:
    row = connection.execute(f"select {expression} is null").fetchone()
    return bool(row and row[0])
