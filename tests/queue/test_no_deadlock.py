"""All verbs at once wait for each other and never deadlock; nothing is lost or doubled.

The clock runs here: leases are short, so that they lapse under the workers' hands.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import psycopg
from tests.fixtures.factories import make_account
from tests.queue.gates import together
from tests.queue.scene import (
    Worker,
    answer,
    change_settings,
    make_filter,
    make_running,
    make_symbols,
    publish,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.fixtures.database import Database

SESSIONS: Final = 8
ROUNDS: Final = 60
SEED: Final = 20_260_105


def test_all_verbs_at_once_neither_deadlock_nor_lose_a_slot(database: Database) -> None:
    make_symbols(database)
    change_settings(database, slots_per_job=2, backoff_base_seconds=0.01, backoff_cap_seconds=0.02)
    for source in ("close > open", "close < open"):
        make_filter(database, source)
    accounts = [make_account(database, tier="pro") for _ in range(4)]
    traders = [make_running(database, account=a) for a in accounts for _ in range(10)]
    closes_at = database.one("select candlewatch.candle_start('5m', candlewatch.now())")
    publish(database, closes_at)
    sessions = [
        Session(database, random.Random(SEED + n), accounts, traders).run for n in range(SESSIONS)
    ]

    together(sessions)

    drain(database)
    assert database.rows("select v.* from monitor.violations as v") == []
    assert database.one("select count(*) from monitor.live_slots") == 0
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    assert database.one(deadlocks) == 0
    assert database.one("select sum(done_count) from monitor.dispatches") > 0


class Session:
    """One session that does anything at any time."""

    def __init__(
        self,
        database: Database,
        chance: random.Random,
        accounts: list[UUID],
        traders: list[UUID],
    ) -> None:
        self.owner = database.connect()
        self.worker = Worker(self.owner)
        self.chance = chance
        self.accounts = accounts
        self.traders = traders

    def run(self) -> None:
        """Do so many things."""
        actions: list[Callable[[], object]] = [
            *[self.work] * 6,
            self.drop_work,
            self.tick,
            self.worker.enqueue,
            *[self.dispatch_again] * 2,
            *[self.switch] * 3,
            *[self.edit] * 3,
            self.replace,
            self.change_tier,
        ]
        for _ in range(ROUNDS):
            self.chance.choice(actions)()

    def work(self) -> None:
        """Claim and complete."""
        batch = self.worker.claim(limit=self.chance.choice([1, 3, 20]), lease_seconds=5)
        self.worker.complete(
            batch["token"], answer(batch, true=self.chance.choice(["1000", "0110"]))
        )

    def drop_work(self) -> None:
        """Claim and let the lease lapse, or hand it back."""
        batch = self.worker.claim(limit=3, lease_seconds=0.1)
        if self.chance.random() < 0.5:
            self.worker.release(batch["token"])

    def tick(self) -> None:
        """Do what is due."""
        self.owner.execute("select candlewatch.tick()")

    def dispatch_again(self) -> None:
        """Have a trader evaluated now; one that does not run is refused."""
        try:
            self.owner.execute("select candlewatch.dispatch_manually(%s)", [self._trader()])
        except psycopg.DatabaseError as refused:
            if refused.sqlstate != "CW004":
                raise

    def switch(self) -> None:
        """Stop or start a trader."""
        self.owner.execute(
            "update public.traders set enabled = not enabled where id = %s", [self._trader()]
        )

    def edit(self) -> None:
        """Change a trader's filter."""
        source = self.chance.choice(["close > open", "close < open"])
        self.owner.execute(
            "update public.traders set filter = %s where id = %s", [source, self._trader()]
        )

    def replace(self) -> None:
        """Delete a trader and add another one."""
        gone, fresh = self._trader(), uuid4()
        self.owner.execute("delete from public.traders where id = %s", [gone])
        self.owner.execute(
            "insert into public.traders (id, account_id, name, filter) "
            "values (%s, %s, 'fresh', 'close > open')",
            [fresh, self.chance.choice(self.accounts)],
        )
        self.traders.append(fresh)

    def change_tier(self) -> None:
        """Give an account another cap."""
        self.owner.execute(
            "update public.accounts set tier = %s where id = %s",
            [self.chance.choice(["pro", "elite"]), self.chance.choice(self.accounts)],
        )

    def _trader(self) -> UUID:
        return self.chance.choice(self.traders)


def drain(database: Database) -> None:
    """Work until nothing is left; what lapses and what is due is moved into the past."""
    worker = Worker(database.sql)
    for _ in range(500):
        database.run(
            "update candlewatch.leases set granted_at = granted_at - interval '1 hour', "
            "lease_until = lease_until - interval '1 hour'"
        )
        database.run("update candlewatch.retries set due_at = due_at - interval '1 hour'")
        database.run("select candlewatch.return_lapsed()")
        slots = worker.enqueue()["slots"]
        batch = worker.claim()
        worker.complete(batch["token"], answer(batch))
        if (
            not slots
            and not batch["jobs"]
            and not database.one("select count(*) from monitor.live_slots")
        ):
            return
