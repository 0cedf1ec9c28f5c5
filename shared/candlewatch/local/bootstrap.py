"""Make a bare Postgres what a Supabase project is before its first migration.

`bootstrap/roles.sql` is for the cluster, `bootstrap/database.sql` for the database; both run as a
superuser and change nothing when they run again. Everything after that runs as `postgres`, which
is no superuser, as there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = Path(__file__).parent / "bootstrap"
LOGIN_ROLES: Final = ("postgres", "authenticator")
_STAND_INS: Final = Path(__file__).parent / "extensions" / "extension"
_NEEDED: Final = ("pg_cron", "pg_net", "pgcrypto", "supabase_vault")


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
    """Set the passwords of `LOGIN_ROLES` that are given."""
    for role in passwords.keys() & {*LOGIN_ROLES}:
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


def prepare_plain(superuser: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Make the connection's database, of a Postgres that is nobody's project, ready for migrations.

    Args:
        superuser: an autocommit connection to it.
        passwords: by role, for those of `LOGIN_ROLES` that are to get one.

    Raises:
        SetupError: the server lacks an extension, or is not told to run pg_cron in this database.
    """
    rows = superuser.execute(
        "select x.name from pg_available_extensions as x where x.name = any(%s)", [[*_NEEDED]]
    ).fetchall()
    lacking = sorted({*_NEEDED} - {name for (name,) in rows})
    if lacking:
        raise SetupError(
            f"the server lacks {', '.join(lacking)}: install what Debian or you have of it, and "
            f"copy the stand-ins of the others from {_STAND_INS} into the folder `extension` that "
            "`pg_config --sharedir` names"
        )
    create_roles(superuser, passwords)
    fill_database(superuser)
    _check_cron(superuser)


def _check_cron(superuser: psycopg.Connection) -> None:
    row = superuser.execute(
        "select current_database(), current_setting('cron.database_name', true), "
        "current_setting('shared_preload_libraries') ~ 'pg_cron'"
    ).fetchone()
    if row is not None and row[2] and row[0] != row[1]:
        raise SetupError(
            f"pg_cron runs in database {row[1]}, and this is {row[0]}: set cron.database_name = "
            f"'{row[0]}' in postgresql.conf and restart the server"
        )
