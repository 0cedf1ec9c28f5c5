"""No request takes more than its share: rows of an answer, and time by role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.sql.people import operator, refusal, stranger

from candlewatch.local.postgrest import MAX_ROWS

if TYPE_CHECKING:
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

TIMEOUTS: Final = {
    "anon": "3s",
    "authenticated": "8s",
    "authenticator": "8s",
    "candlewatch_worker": "30s",
}


def test_an_answer_has_at_most_so_many_rows_whoever_asks(api: Rest, schema: Database) -> None:
    schema.run(
        "insert into public.symbols (position, symbol, base_asset, quote_asset, trading, "
        "quote_volume, listed_at, changed_at) select p, 'S' || p || 'USDT', 'S' || p, 'USDT', "
        "true, p, now(), now() from generate_series(0, %s) as p",
        [MAX_ROWS + 100],
    )

    answers = [
        person.rows(f"symbols?select=symbol{wish}")
        for person in (stranger(api), operator(api))
        for wish in ("", "&limit=100000")
    ]

    assert [len(answer) for answer in answers] == [MAX_ROWS] * 4


def test_every_role_of_a_request_has_its_time(schema: Database) -> None:
    told = dict(
        schema.rows(
            "select r.rolname, substring(s from 'statement_timeout=(.*)') from pg_roles as r "
            "cross join lateral unnest(r.rolconfig) as s where s like 'statement_timeout=%%'"
        )
    )

    assert told == TIMEOUTS


@pytest.mark.timeout(60)
def test_a_request_over_its_time_ends_as_one_clean_error(api: Rest, schema: Database) -> None:
    holder = schema.connect(autocommit=False)
    holder.execute("lock table public.templates in access exclusive mode")

    answer = stranger(api).send("GET", "templates")

    assert answer.status_code >= 500
    refusal(answer, answer.status_code, "57014")
