"""Make a bare Postgres what a Supabase project is before its first migration.

`bootstrap/roles.sql` runs once per cluster, `bootstrap/database.sql` once per database, both as the
superuser. Everything after that runs as `postgres`, which is no superuser, as there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = Path(__file__).parent / "bootstrap"
LOGIN_ROLES: Final = ("postgres", "authenticator")


def create_roles(superuser: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Create the roles and give those that log in their passwords.

    Args:
        superuser: a connection as the superuser.
        passwords: by role, for each of `LOGIN_ROLES`.
    """
    with superuser.transaction():
        superuser.execute((_FOLDER / "roles.sql").read_bytes())
        set_passwords(superuser, passwords)


def set_passwords(superuser: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Set the passwords of `LOGIN_ROLES`."""
    for role in LOGIN_ROLES:
        superuser.execute(
            sql.SQL("alter role {} with password {}").format(
                sql.Identifier(role), sql.Literal(passwords[role])
            )
        )


def create_database(superuser: psycopg.Connection, name: str) -> None:
    """Create an empty database that belongs to `postgres`, if it is not there.

    Args:
        superuser: an autocommit connection to another database.
        name: of the database.
    """
    owner = sql.Identifier("postgres")
    database = sql.Identifier(name)
    known = superuser.execute("select 1 from pg_database where datname = %s", [name]).fetchone()
    statement = "alter database {} owner to {}" if known else "create database {} owner {}"
    superuser.execute(sql.SQL(statement).format(database, owner))


def fill_database(superuser: psycopg.Connection) -> None:
    """Create schemas, users and privileges as Supabase has them, in the connection's database."""
    with superuser.transaction():
        superuser.execute((_FOLDER / "database.sql").read_bytes())
