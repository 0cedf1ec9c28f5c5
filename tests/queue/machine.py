"""Every verb in any order, against the database and the model at once.

One example is one transaction that is rolled back: nothing has to be cleaned up. After each step
the picture of the database must equal the model's, and `monitor.violations`, a part of the picture,
must be empty.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from psycopg.types.json import Jsonb
from tests.queue import judging
from tests.queue.model import BACK_OFF, RETRY, Job, Model, Tenant, Trader
from tests.queue.moving_clock import NOON, MovingClock
from tests.queue.picture import bits, expected, iso, learn, seen, take_picture
from tests.queue.scene import (
    LENGTHS,
    Worker,
    change_settings,
    make_filter,
    make_symbols,
    publish,
)

if TYPE_CHECKING:
    import psycopg
    from tests.fixtures.database import Database

ACCOUNTS: Final = 3
TIERS: Final = (("free", 1, 1, 0.5), ("pro", 2, 2, 1.0), ("elite", 3, 4, 1.5))
"""Name, jobs at once, signals per candle, weight, as the scene sets them."""

picks: Final = st.integers(0, 7)
positions: Final = st.sets(st.integers(0, 3), max_size=3)


class Stage:
    """What all examples share: a database with symbols, tiers, accounts and filters."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = MovingClock(database)
        self.worker = Worker(database.sql)
        self.limits = Model(NOON).limits
        make_symbols(database)
        change_settings(
            database,
            leased_limit=self.limits.leased,
            slots_per_job=self.limits.slots_per_job,
            jobs_per_turn=self.limits.turn,
            attempts_limit=self.limits.attempts,
            lone_lapses_from=self.limits.lone_lapses_from,
            failures_to_warn=1,
            failures_to_stop=self.limits.failures_to_stop,
            enqueue_slots=self.limits.enqueue_slots,
            tick_chunks=self.limits.tick_chunks,
        )
        for name, cap, signals, weight in TIERS:
            database.run(
                "update public.tiers set concurrency_limit = %s, signals_per_candle = %s, "
                "weight = %s, traders_limit = 100, running_limit = 100, shortest_timeframe = '1m' "
                "where name = %s",
                [cap, signals, weight, name],
            )
        self.accounts = [UUID(int=1 + n) for n in range(ACCOUNTS)]
        for account, tier in zip(self.accounts, TIERS, strict=True):
            database.run(
                "insert into auth.users (id, email) values (%s, %s)",
                [account, f"{tier[0]}@example.com"],
            )
            database.run("update public.accounts set tier = %s where id = %s", [tier[0], account])
        self.filters = [
            (make_filter(database, "close > open"), "close > open", "5m"),
            (make_filter(database, "close < open"), "close < open", "5m"),
            (make_filter(database, "close > high", "15m"), "close > high", "15m"),
        ]
        self.pending = "close == open"
        database.run("select candlewatch.tick()")
        database.run("delete from candlewatch.tasks")


class QueueMachine(RuleBasedStateMachine):
    """The rules; a subclass sets `stage`."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.sql: psycopg.Connection = self.stage.database.sql
        self.sql.execute("begin")
        self.sql.execute("select setseed(0.5)")
        self.traders_made = 0
        self.clock = self.stage.clock
        self.clock.set(NOON)
        self.worker = self.stage.worker
        self.model = Model(NOON, self.stage.limits)
        self.tokens: list[UUID] = []
        self.batches: dict[UUID, dict[int, Job]] = {}
        self.known: dict[int, Job] = {}
        self.filters = list(self.stage.filters)
        self.model.ready_filters = {number: True for number, _, _ in self.filters}
        rows = self.sql.execute(
            "select t.account_id, t.concurrency_limit, r.signals_per_candle, t.weight "
            "from candlewatch.seats as t join public.accounts as a on a.id = t.account_id "
            "join public.tiers as r on r.name = a.tier where a.tier <> 'operator'"
        ).fetchall()
        self.model.tenants = {
            account: Tenant(cap, most, ceil(self.stage.limits.turn * weight))
            for account, cap, most, weight in rows
        }

    def teardown(self) -> None:
        """Forget the example."""
        self.sql.execute("rollback")

    @initialize(choices=st.lists(st.tuples(picks, picks, st.booleans()), min_size=3, max_size=6))
    def begin(self, choices: list[tuple[int, int, bool]]) -> None:
        """Start with a few traders and the candles that just closed."""
        for account, filter_number, every in choices:
            self.create(account, filter_number, 0, every=every)
        self.candle(1)

    # Candles

    @rule(ahead=st.sampled_from([1, 1, 1, 2, 3]))
    def candle(self, ahead: int) -> None:
        """The next candle closes, or one after a gap."""
        length = LENGTHS["5m"]
        closes_at = NOON + ((self.clock.moment - NOON) // length + ahead) * length
        self._move_clock(closes_at)
        names = [n for n in ("5m", "15m") if (closes_at - NOON) % LENGTHS[n] == timedelta()]
        ids = publish(self.stage.database, closes_at, names)
        rows = self.sql.execute(
            "select d.timeframe, d.id from candlewatch.dispatches as d where d.id = any (%s)",
            [ids],
            prepare=True,
        ).fetchall()
        by_name: dict[str, int] = dict(rows)
        self.model.publish({n: (by_name.get(n), closes_at - LENGTHS[n]) for n in names})

    @rule(pick=picks)
    def run_manually(self, pick: int) -> None:
        """The owner has a trader evaluated now; a trader that does not run is refused."""
        trader = self._trader(pick)
        if trader is None or trader.state != "running":
            return
        row = self.sql.execute(
            "select f.open_time from candlewatch.frames as f where f.timeframe = %s "
            "order by f.open_time desc limit 1",
            [trader.timeframe],
            prepare=True,
        ).fetchone()
        if row is not None:
            made = self._value("select candlewatch.dispatch_manually(%s)", trader.id)
            self.model.run_manually(made, trader.id, row[0])

    # Time

    @rule(seconds=st.sampled_from([1, 3, 10, 19, 20, 21, 45]))
    def wait(self, seconds: int) -> None:
        """Time passes: leases lapse, retries fall due."""
        self._move_clock(self.clock.moment + timedelta(seconds=seconds))

    @rule()
    def tick(self) -> None:
        """The tick runs."""
        counts = self._value("select candlewatch.tick()")
        assert "failed" not in counts, counts
        self.model.tick()

    # Workers

    @rule(limit=st.integers(1, 4))
    def enqueue(self, limit: int) -> None:
        """An idle worker turns what waits into jobs."""
        self.worker.enqueue(limit)
        self.model.step(limit)

    @rule(limit=st.integers(1, 6), seconds=st.sampled_from([5, 20]), token=st.uuids(version=4))
    def claim(self, limit: int, seconds: int, token: UUID) -> None:
        """A worker claims with a new token."""
        if token in self.tokens:
            return
        batch = self.worker.claim(token, limit=limit, lease_seconds=seconds)
        before = dict(self.known)
        self.model.lapse()
        jobs = [before.get(j["id"]) or self._split(j["id"]) for j in batch["jobs"]]
        until = self.clock.moment + timedelta(seconds=seconds)
        self.model.lease(token, jobs, limit, until)
        for told, job in zip(batch["jobs"], jobs, strict=True):
            assert told["attempt"] == job.attempt
            bound = sorted({f for f in job.filters.values() if f is not None})
            assert told["filters"] == bound, (told, job)
        if jobs:
            self.tokens.append(token)
            self.batches[token] = {j["id"]: job for j, job in zip(batch["jobs"], jobs, strict=True)}

    @precondition(lambda self: self.tokens)
    @rule(pick=picks)
    def claim_again(self, pick: int) -> None:
        """A worker that lost the answer claims again with its token: the same batch."""
        token = self._token(pick)
        batch = self.worker.claim(token)
        held = {id(job) for job in self.model.held(token)}
        told = {id(self.batches[token][j["id"]]) for j in batch["jobs"]}
        assert told == held

    @precondition(lambda self: self.tokens)
    @rule(pick=picks, seconds=st.sampled_from([5, 20, 60]))
    def extend(self, pick: int, seconds: int) -> None:
        """A worker extends its lease; one that is over is not revived."""
        token = self._token(pick)
        told = self.worker.extend(token, seconds)
        alive = self.model.extend(token, self.clock.moment + timedelta(seconds=seconds))
        wished = {"lease_until": iso(self.model.leases[token].until)} if alive else None
        assert told == (wished or {"outcome": "fenced"})

    @precondition(lambda self: self.tokens)
    @rule(pick=picks)
    def release(self, pick: int) -> None:
        """A worker hands its batch back."""
        token = self._token(pick)
        told = self.worker.release(token)
        assert told["outcome"] == ("released" if self.model.release(token) else "fenced")

    @precondition(lambda self: self.tokens)
    @rule(
        pick=picks,
        part=st.one_of(st.none(), st.integers(1, 7)),
        true=positions,
        unknown=positions,
        faults=st.lists(st.sampled_from(["failed", "missing", "fine", "fine"]), max_size=3),
    )
    def complete(
        self, pick: int, part: int | None, true: set[int], unknown: set[int], faults: list[str]
    ) -> None:
        """A worker completes its batch or a part of it, in time or too late, once or again."""
        token = self._token(pick)
        batch = self.batches[token]
        chosen = {
            n: j for place, (n, j) in enumerate(batch.items()) if part is None or part >> place & 1
        }
        results = self._results(list(batch.values()), true, unknown - true, faults)
        sent = _as_json(results)
        if part is not None:
            sent["jobs"] = list(chosen)
        told = self.worker.complete(token, sent)
        named = None if part is None else list(chosen.values())
        outcome, counts = judging.complete(self.model, token, named, results)
        assert told["outcome"] == outcome, (told, outcome)
        if outcome == "done":
            ends = ("done", "skipped", "failed", "expired", "retried")
            assert Counter(told["slots"]) == Counter({end: counts[end] for end in ends})

    # Traders

    @rule(account=picks, filter_number=picks, cooldown=st.integers(0, 2), every=st.booleans())
    def create(self, account: int, filter_number: int, cooldown: int, *, every: bool) -> None:
        """An owner adds a trader."""
        if len(self.model.traders) >= 8:
            return
        owner = self.stage.accounts[account % ACCOUNTS]
        number, source, timeframe = self.filters[filter_number % len(self.filters)]
        emit = "every_candle" if every else "on_entry"
        self.traders_made += 1
        made = self._value(
            "insert into public.traders (id, account_id, name, filter, timeframe, emit, "
            "cooldown_candles) values (%s, %s, 'a trader', %s, %s, %s, %s) returning id",
            UUID(int=self.traders_made * 7919 % 997),
            owner,
            source,
            timeframe,
            emit,
            cooldown,
        )
        state = "running" if self.model.ready_filters[number] else "starting"
        self.model.traders[made] = Trader(
            made, owner, number, timeframe, emit, cooldown, state, self.clock.moment
        )

    @rule(pick=picks)
    def switch(self, pick: int) -> None:
        """An owner stops a trader, or starts a stopped one."""
        trader = self._trader(pick)
        if trader is None:
            return
        stopped = trader.state == "stopped"
        self.sql.execute(
            "update public.traders set enabled = %s where id = %s", [stopped, trader.id]
        )
        (self.model.start if stopped else self.model.stop)(trader.id)

    @rule(pick=picks, filter_number=picks)
    def edit(self, pick: int, filter_number: int) -> None:
        """An owner changes a trader's filter, perhaps its timeframe."""
        trader = self._trader(pick)
        if trader is None:
            return
        number, source, timeframe = self.filters[filter_number % len(self.filters)]
        self.sql.execute(
            "update public.traders set filter = %s, timeframe = %s where id = %s",
            [source, timeframe, trader.id],
        )
        self.model.edit(trader.id, number, timeframe)

    @precondition(lambda self: len(self.filters) == len(self.stage.filters))
    @rule(pick=picks)
    def edit_to_an_unchecked_filter(self, pick: int) -> None:
        """An owner writes a filter that nobody checked yet: the trader waits."""
        trader = self._trader(pick)
        if trader is None:
            return
        self.sql.execute(
            "update public.traders set filter = %s, timeframe = '5m' where id = %s",
            [self.stage.pending, trader.id],
        )
        number = self._value(
            "select s.filter_id from public.trader_states as s where s.trader_id = %s", trader.id
        )
        self.filters.append((number, self.stage.pending, "5m"))
        self.model.ready_filters[number] = False
        self.model.edit(trader.id, number, "5m")

    @precondition(lambda self: len(self.filters) > len(self.stage.filters))
    @rule()
    def check(self) -> None:
        """The check of that filter ends well."""
        number = self.filters[-1][0]
        result = {"ok": True, "needs": {"5m": 2}, "lookback": 1, "cost": 1.0, "symbols": []}
        self.sql.execute("select candlewatch.decide_filter(%s, %s)", [number, Jsonb(result)])
        self.model.decide(number)

    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        """An owner deletes a trader."""
        trader = self._trader(pick)
        if trader is not None:
            self.sql.execute("delete from public.traders where id = %s", [trader.id])
            self.model.delete(trader.id)

    @rule(account=picks, tier=picks)
    def change_tier(self, account: int, tier: int) -> None:
        """An account changes its tier: another cap, at once."""
        name, cap, signals, weight = TIERS[tier % len(TIERS)]
        owner = self.stage.accounts[account % ACCOUNTS]
        self.sql.execute("update public.accounts set tier = %s where id = %s", [name, owner])
        self.model.tenants[owner] = Tenant(cap, signals, ceil(self.stage.limits.turn * weight))

    # After each step

    @invariant()
    def database_equals_the_model(self) -> None:
        """Compare everything."""
        rows = take_picture(self.sql)
        found, wished = seen(rows), expected(self.model)
        for part in wished:
            assert found[part] == wished[part], part
        self.known = learn(self.model, rows["jobs"])
        for job in self.model.jobs:
            if job.place == RETRY and job.due_at is not None:
                assert job.due_at <= self.clock.moment + BACK_OFF * 2**job.attempt

    # How rules find things

    def _value(self, query: str, *values: Any) -> Any:
        row = self.sql.execute(query.encode(), values, prepare=True).fetchone()
        assert row is not None
        return row[0]

    def _move_clock(self, moment: datetime) -> None:
        self.clock.set(moment)
        self.model.now = moment

    def _trader(self, pick: int) -> Trader | None:
        traders = list(self.model.traders.values())
        return traders[pick % len(traders)] if traders else None

    def _token(self, pick: int) -> UUID:
        return self.tokens[-1 - pick % len(self.tokens)]

    def _split(self, number: int) -> Job:
        """Return the model's job of an id that a claim made by splitting a lapsed job."""
        rows = take_picture(self.sql)["jobs"]
        return learn(self.model, rows)[number]

    def _results(
        self, jobs: list[Job], true: set[int], unknown: set[int], faults: list[str]
    ) -> judging.Results:
        results = judging.Results()
        pairs = sorted({(j.dispatch, f) for j in jobs for f in j.filters.values() if f is not None})
        for place, pair in enumerate(pairs):
            fault = faults[place] if place < len(faults) else "fine"
            if fault == "failed":
                results.failed.add(pair)
            elif fault == "fine":
                results.true[pair] = {(p + place) % 4 for p in true}
                results.unknown[pair] = {(p + place) % 4 for p in unknown}
        return results


def _as_json(results: judging.Results) -> dict[str, Any]:
    return {
        "filters": [
            {
                "dispatch": pair[0],
                "filter": pair[1],
                "true": bits(true),
                "unknown": bits(results.unknown[pair]),
            }
            for pair, true in results.true.items()
        ],
        "failed": [
            {"dispatch": dispatch, "filter": number, "reason": "it broke"}
            for dispatch, number in results.failed
        ],
    }
