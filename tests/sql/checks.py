"""What tests of traders ask and answer: states, checks as the function makes them, refusals."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database


@dataclass(frozen=True)
class State:
    """A row of trader_states, as far as tests look at it."""

    state: str
    reason: str | None
    version: int
    filter_id: int


def state_of(database: Database, trader: UUID | str) -> State:
    """Return what a trader is doing."""
    row = database.rows(
        "select s.state, s.reason, s.version, s.filter_id from public.trader_states as s "
        "where s.trader_id = %s",
        [trader],
    )[0]
    return State(*row)


def check_of(database: Database, trader: UUID | str) -> int:
    """Return the check task of a trader's filter."""
    task: int = database.one(
        "select t.id from candlewatch.tasks as t join public.trader_states as s "
        "on t.payload ->> 'filter_id' = s.filter_id::text "
        "where t.kind = 'check' and s.trader_id = %s",
        [trader],
    )
    return task


def answer_check(database: Database, trader: UUID | str, answer: dict[str, Any]) -> None:
    """Claim the checks that are due and answer the one of a trader's filter."""
    wanted, token = check_of(database, trader), uuid4()
    batch = database.one("select worker.claim_tasks(%s, 'tests', 'check', 1000, 60)", [token])
    assert wanted in [task["id"] for task in batch["tasks"]]
    outcome = database.one(
        "select worker.complete_check(%s, %s, %s::jsonb)", [token, wanted, json.dumps(answer)]
    )
    assert outcome["outcome"] == "done"
    for task in batch["tasks"]:
        if task["id"] != wanted:
            database.run("select worker.fail_task(%s, %s, 'not now', 0)", [token, task["id"]])


def counted(database: Database, account: UUID) -> tuple[int, int]:
    """Return an account's counters, having compared them with its rows."""
    counters = database.rows(
        "select a.trader_count, a.running_count from public.accounts as a where a.id = %s",
        [account],
    )[0]
    rows = database.rows(
        "select count(*), count(*) filter (where s.state <> 'stopped') "
        "from public.trader_states as s where s.account_id = %s",
        [account],
    )[0]
    assert counters == rows
    return counters[0], counters[1]


def limit(database: Database, **limits: float | str) -> None:
    """Change figures of the tier free."""
    for column, value in limits.items():
        database.run(f"update public.tiers set {column} = %s where name = 'free'", [value])


@contextmanager
def refused(database: Database, code: str, words: str) -> Iterator[None]:
    """Expect a refusal with this code, these words in its sentence, and a hint; undo it alone."""
    with pytest.raises(psycopg.Error) as caught, database.sql.transaction():
        yield
    assert caught.value.diag.sqlstate == code
    assert words in (caught.value.diag.message_primary or "")
    assert caught.value.diag.message_hint
