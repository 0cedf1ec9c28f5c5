"""A repeated request creates nothing twice; too many or too large ones are refused and say so."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest
from tests.sql.people import Person, refusal, sign_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

NO_ONE = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def user(api: Rest, schema: Database) -> Person:
    """Sign up a new user."""
    return sign_up(api, schema)


def test_the_same_key_creates_once_and_answers_the_same(user: Person) -> None:
    key = str(uuid4())
    arguments = {"p_name": "Once", "p_filter": "close > 1"}

    first = user.call("create_trader", **arguments, p_key=key)
    again = user.call("create_trader", **arguments, p_key=key)
    by_header = user.send("POST", "rpc/create_trader", arguments, {"Idempotency-Key": key})
    other = user.call("create_trader", p_name="Other", p_filter="close > 1", p_key=key)

    assert first.json() == again.json() == by_header.json()
    refusal(other, 409, "CW008")
    assert len(user.rows("traders?name=eq.Once")) == 1


def test_a_repeated_clone_answers_the_same_whatever_became_of_the_first(
    user: Person, schema: Database
) -> None:
    source = user.call("create_trader", p_name="First", p_filter="close > 1").json()["id"]
    by_trader = {"p_trader": source, "p_key": "a clone"}
    by_template = {"p_slug": "golden-cross", "p_key": "a template"}
    clones = [user.call("clone_trader", **by_trader), user.call("clone_template", **by_template)]
    user.send("DELETE", f"traders?id=eq.{source}")
    schema.run("update public.templates set name = 'renamed' where slug = 'golden-cross'")

    again = [user.call("clone_trader", **by_trader), user.call("clone_template", **by_template)]

    assert [answer.json() for answer in again] == [answer.json() for answer in clones]
    assert {answer.status_code for answer in again} == {200}
    refusal(user.call("clone_trader", **{**by_trader, "p_name": "other"}), 409, "CW008")
    assert len(user.rows("traders")) == 2


def test_keys_of_two_users_are_two_keys(user: Person, api: Rest, schema: Database) -> None:
    neighbour = sign_up(api, schema)
    arguments = {"p_name": "n", "p_filter": "close > 1", "p_key": "same"}

    answers = [person.call("create_trader", **arguments).json() for person in (user, neighbour)]

    assert answers[0]["id"] != answers[1]["id"]


def test_a_refused_creation_does_not_use_up_its_key(user: Person) -> None:
    wrong = {"p_name": "", "p_filter": "close > 1", "p_key": "mended"}
    refusal(user.call("create_trader", **wrong), 400, "CW002")

    answer = user.call("create_trader", **{**wrong, "p_name": "n"})

    assert answer.status_code == httpx.codes.OK


def test_calls_over_the_rate_limit_are_429_and_counted(api: Rest, schema: Database) -> None:
    user = sign_up(api, schema, tier="free")
    schema.run(
        "insert into candlewatch.call_buckets (account_id, calls_left, filled_at) "
        "values (%s, 0, clock_timestamp() + interval '1 hour')",
        [user.user],
    )

    by_call = user.call("start_trader", p_trader=NO_ONE)
    by_row = user.send("POST", "traders", {"name": "n", "filter": "close > 1"})

    for answer in (by_call, by_row):
        refusal(answer, 429, "CW007")
        assert answer.headers["Retry-After"] == "1"
    assert (
        schema.one(
            "select b.refused_count from candlewatch.call_buckets as b where b.account_id = %s",
            [user.user],
        )
        == 1
    )
    assert user.rows("traders") == []


def test_a_flood_on_every_path_never_gets_more_through_than_the_limit(
    api: Rest, schema: Database
) -> None:
    schema.run("update public.tiers set calls_per_minute = 6 where name = 'pro'")
    user = sign_up(api, schema, tier="pro")
    paths: list[Callable[[], httpx.Response]] = [
        lambda: user.send("POST", "traders", {"name": "row", "filter": "close > 1"}),
        lambda: user.send("PATCH", "traders?id=not.is.null", {"cooldown_candles": 3}),
        lambda: user.send("DELETE", f"traders?id=eq.{NO_ONE}"),
        lambda: user.call("create_trader", p_name="call", p_filter="close > 1"),
        lambda: user.call("clone_template", p_slug="golden-cross"),
    ]

    begun = time.monotonic()
    with ThreadPoolExecutor(16) as flood:
        sent = [flood.submit(paths[n % len(paths)]) for n in range(100)]
        answers = [request.result() for request in sent]

    through = [answer for answer in answers if answer.is_success]
    # A full bucket, and what it filled by meanwhile.
    assert 6 <= len(through) <= 6 + (time.monotonic() - begun) * 6 / 60
    assert {answer.status_code for answer in answers if not answer.is_success} == {429}
    assert len(user.rows("traders")) <= len(through)


def test_what_fails_is_undone_and_takes_nothing_from_the_limit(api: Rest, schema: Database) -> None:
    user = sign_up(api, schema, tier="pro")
    schema.run("update public.tiers set calls_per_minute = 6 where name = 'pro'")
    schema.run(
        "insert into candlewatch.call_buckets (account_id, calls_left, filled_at) "
        "values (%s, 1, clock_timestamp() + interval '1 hour')",
        [user.user],
    )

    refusal(user.call("create_trader", p_name="", p_filter="close > 1"), 400, "CW002")
    refusal(user.send("POST", "traders", {"name": "", "filter": "close > 1"}), 400, "CW002")
    refusal(user.call("start_trader", p_trader=NO_ONE), 404, "CW004")

    assert user.call("create_trader", p_name="n", p_filter="close > 1").is_success
    refusal(user.call("create_trader", p_name="n", p_filter="close > 1"), 429, "CW007")


def test_a_bucket_fills_by_the_minute(api: Rest, schema: Database) -> None:
    user = sign_up(api, schema, tier="free")
    schema.run(
        "insert into candlewatch.call_buckets (account_id, calls_left, filled_at) "
        "values (%s, 0, clock_timestamp() - interval '1 hour')",
        [user.user],
    )

    user.call("create_trader", p_name="n", p_filter="close > 1")

    assert (
        58
        < schema.one(
            "select b.calls_left from candlewatch.call_buckets as b where b.account_id = %s",
            [user.user],
        )
        <= 59
    )


def test_a_body_over_64_kilobytes_is_413(user: Person) -> None:
    answer = user.call("create_trader", p_name="n" * 70_000, p_filter="close > 1")

    refusal(answer, 413, "CW010")
