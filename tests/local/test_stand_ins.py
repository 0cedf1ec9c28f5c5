"""The stand-ins answer as pg_cron, pg_net, the vault and pgcrypto do to the role postgres."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.fixtures.database import Database

EXTENSIONS = """
create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists pg_net with schema extensions;
create extension if not exists supabase_vault with schema vault;
create extension if not exists pgcrypto with schema extensions;
"""


@pytest.fixture
def extended(empty_database: Database) -> Database:
    empty_database.run(EXTENSIONS)
    return empty_database


def test_a_job_is_known_by_its_name(extended: Database) -> None:
    first = extended.one("select cron.schedule('job', '5 seconds', 'select 1')")
    second = extended.one("select cron.schedule('job', '* * * * *', 'select 2')")

    assert first == second
    assert extended.rows("select jobname, schedule, command, username, active from cron.job") == [
        ("job", "* * * * *", "select 2", "postgres", True)
    ]


def test_an_unscheduled_job_is_gone_and_an_unknown_one_is_an_error(extended: Database) -> None:
    extended.run("select cron.schedule('job', '5 seconds', 'select 1')")

    extended.run("select cron.unschedule('job')")

    with pytest.raises(psycopg.errors.RaiseException, match="could not find valid entry"):
        extended.run("select cron.unschedule('job')")


@pytest.mark.parametrize("schedule", ["60 seconds", "0 seconds", "often", "* * * *"])
def test_a_wrong_schedule_is_refused(extended: Database, schedule: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="invalid schedule"):
        extended.run("select cron.schedule('job', %s, 'select 1')", [schedule])


def test_a_request_is_queued_with_its_encoded_parameters(extended: Database) -> None:
    extended.run(
        """select net.http_post('http://x/y?a=1', '{"b": 2}', '{"c d": "\u00e9&"}', '{"h": "v"}')"""
    )

    assert extended.rows(
        "select method, url, convert_from(body, 'utf8'), headers from net.http_request_queue"
    ) == [
        (
            "POST",
            "http://x/y?a=1&c%20d=%C3%A9%26",
            '{"b": 2}',
            {"h": "v", "Content-Type": "application/json"},
        )
    ]


def test_a_secret_is_read_and_changed_by_its_owner_and_by_nobody_else(extended: Database) -> None:
    secret = extended.one("select vault.create_secret('one', 'name')")
    extended.run("select vault.update_secret(%s, 'two')", [secret])

    assert extended.rows("select name, decrypted_secret from vault.decrypted_secrets") == [
        ("name", "two")
    ]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        extended.connect("authenticated").execute("select * from vault.decrypted_secrets")


@pytest.mark.parametrize("algorithm", ["md5", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128, 129, 300])
def test_hmac_and_digest_equal_those_of_the_standard_library(
    extended: Database, algorithm: str, length: int
) -> None:
    key, message = bytes(range(256)) * 2, b"message \x00\xff" * 3

    row = extended.rows(
        "select extensions.hmac(%s::bytea, %s::bytea, %s), extensions.digest(%s::bytea, %s)",
        [message, key[:length], algorithm, message, algorithm],
    )

    assert row == [
        (
            hmac.new(key[:length], message, algorithm).digest(),
            hashlib.new(algorithm, message).digest(),
        )
    ]


def test_random_bytes_have_the_asked_length_and_differ(extended: Database) -> None:
    values = [extended.one("select extensions.gen_random_bytes(37)") for _ in range(2)]

    assert [len(value) for value in values] == [37, 37]
    assert values[0] != values[1]
