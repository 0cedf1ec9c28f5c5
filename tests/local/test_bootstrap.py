"""The local database starts as a Supabase project does: its roles, users and open defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.fixtures.database import Database


def test_migrations_run_as_a_role_that_is_no_superuser(empty_database: Database) -> None:
    assert empty_database.rows(
        "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication "
        "from pg_roles where rolname = current_user"
    ) == [(False, True, True, True, True)]


def test_a_request_is_seen_by_its_claims(empty_database: Database) -> None:
    user = uuid4()

    connection = empty_database.connect("authenticated", user=user)

    assert connection.execute(
        "select auth.uid(), auth.role(), auth.jwt() ->> 'sub', current_user"
    ).fetchone() == (user, "authenticated", str(user), "authenticated")


def test_without_claims_there_is_no_user(empty_database: Database) -> None:
    assert empty_database.rows("select auth.uid(), auth.role()") == [(None, None)]


def test_a_new_table_in_public_is_open_to_the_api_as_on_supabase(empty_database: Database) -> None:
    empty_database.run("create table public.forgotten (id int)")

    assert empty_database.one("select has_table_privilege('anon', 'public.forgotten', 'insert')")


def test_the_authenticator_may_become_the_roles_of_the_api_and_no_other(
    empty_database: Database,
) -> None:
    connection = empty_database.connect("authenticator")

    for role in ("anon", "authenticated", "service_role"):
        connection.execute(f"set role {role}".encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("set role postgres")
