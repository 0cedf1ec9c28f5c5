"""The queue as a plain model: what every verb must do, without locks, indexes or SQL.

A slot is (dispatch, trader). Jobs hold slots; a job is ready, waits for a retry, or is leased by a
token. Who is claimed is the queue's choice: the model is told which jobs a claim got and says
whether it might. Everything else the model predicts.

1. Candles: `publish` makes dispatches, supersedes older ones, counts missed candles.
2. Jobs: `step` (an idle worker) and `tick` turn what waits into jobs, or let it expire.
3. Leases: `claim`, `extend`, `release`, `lapse`.
4. Completion: `judging.complete` decides each slot and writes signals.
5. Traders: `start`, `stop`, `edit`, `delete`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tests.queue.scene import LENGTHS

if TYPE_CHECKING:
    from uuid import UUID

Slot = tuple[int, "UUID"]
READY: Final = "ready"
RETRY: Final = "retry"


@dataclass(frozen=True)
class Limits:
    """What the operator may set; small, so that a short sequence reaches every limit."""

    leased: int = 5
    slots_per_job: int = 2
    turn: int = 2
    attempts: int = 2
    lone_lapses_from: int = 2
    failures_to_stop: int = 2
    enqueue_slots: int = 3
    tick_chunks: int = 2


@dataclass
class Tenant:
    """An account: how many of its jobs may be leased, how many signals a trader may give.

    Attributes:
        turn: jobs that it gives to one claim at the most, by its weight.
    """

    cap: int
    signals_per_candle: int
    turn: int


@dataclass
class Trader:
    """A trader's configuration and what is true of it at run time."""

    id: UUID
    account: UUID
    filter: int
    timeframe: str
    emit: str
    cooldown: int
    state: str
    changed_at: datetime
    matched: set[int] = field(default_factory=set)
    failures: int = 0
    last_candle: datetime | None = None


@dataclass
class Dispatch:
    """A candle to evaluate. `open`: slots are still to be enqueued, behind the cursor."""

    id: int
    timeframe: str
    candle_at: datetime
    kind: str
    open: bool = True
    superseded: bool = False
    expiring: bool = False
    cursor: tuple[str, str] = ("", "")
    due: int = 0
    suppressed: int = 0


@dataclass
class Job:
    """Slots that are claimed together. `place` is READY, RETRY or the token that holds it."""

    account: UUID
    dispatch: int
    traders: list[UUID]
    place: UUID | str = READY
    attempt: int = 0
    lapses: int = 0
    filters: dict[UUID, int | None] = field(default_factory=dict)
    due_at: datetime | None = None

    @property
    def slots(self) -> list[Slot]:
        """Its slots."""
        return [(self.dispatch, trader) for trader in self.traders]


@dataclass
class Lease:
    """A live lease."""

    token: UUID
    until: datetime


@dataclass
class Model:
    """The state of everything; times are those of the frozen clock."""

    now: datetime
    limits: Limits = field(default_factory=Limits)
    tenants: dict[UUID, Tenant] = field(default_factory=dict)
    traders: dict[UUID, Trader] = field(default_factory=dict)
    ready_filters: dict[int, bool] = field(default_factory=dict)
    dispatches: dict[int, Dispatch] = field(default_factory=dict)
    missed: dict[tuple[str, datetime], int] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    leases: dict[UUID, Lease] = field(default_factory=dict)
    completed: dict[UUID, list[set[Slot]]] = field(default_factory=dict)
    lost: set[UUID] = field(default_factory=set)
    ended: dict[Slot, str] = field(default_factory=dict)
    signals: set[tuple[UUID, int, str, datetime]] = field(default_factory=set)
    written: int = 0

    # Candles

    def publish(self, made: dict[str, tuple[int | None, datetime]]) -> None:
        """Note the dispatches (None: none was made) of the candles that closed now."""
        for timeframe, (dispatch, candle_at) in made.items():
            before = [
                d.candle_at
                for d in self.dispatches.values()
                if d.timeframe == timeframe and d.kind == "scheduled"
            ] + [at for name, at in self.missed if name == timeframe]
            wanted = self.running(timeframe) and (not before or max(before) < candle_at)
            assert (dispatch is not None) == bool(wanted), (timeframe, candle_at, dispatch)
            if dispatch is None:
                continue
            self._miss(timeframe, max(before, default=None), candle_at)
            for older in self.dispatches.values():
                if (
                    older.timeframe == timeframe
                    and older.kind == "scheduled"
                    and not older.superseded
                ):
                    older.superseded = older.expiring = True
            self.dispatches[dispatch] = Dispatch(dispatch, timeframe, candle_at, "scheduled")

    def _miss(self, timeframe: str, last: datetime | None, candle_at: datetime) -> None:
        length = LENGTHS[timeframe]
        at = candle_at if last is None else last + length
        while at < candle_at:
            self.missed[timeframe, at] = sum(
                1 for t in self.running(timeframe) if t.changed_at <= at + length
            )
            at += length

    def run_manually(self, dispatch: int, trader: UUID, candle_at: datetime) -> None:
        """Note a manual dispatch, which is one ready job."""
        found = self.traders[trader]
        self.dispatches[dispatch] = Dispatch(
            dispatch, found.timeframe, candle_at, "manual", open=False, due=1
        )
        self.jobs.append(Job(found.account, dispatch, [trader]))

    # Jobs

    def step(self, limit: int) -> None:
        """Take one step of what waits: retries, else expiry, else a chunk of slots."""
        if not self._ready_retries() and not self._expire():
            self._enqueue_next(min(limit, self.limits.enqueue_slots))

    def tick(self) -> None:
        """Do what is due."""
        self.lapse()
        self._ready_retries()
        self._expire()
        for _ in range(self.limits.tick_chunks):
            if not self._enqueue_next(self.limits.enqueue_slots):
                break

    def _ready_retries(self) -> bool:
        due = [
            j
            for j in self.jobs
            if j.place == RETRY and j.due_at is not None and j.due_at <= self.now
        ]
        for job in due:
            job.place = READY
        return bool(due)

    def _expire(self) -> bool:
        expiring = [d for d in self.dispatches.values() if d.expiring]
        if not expiring:
            return False
        dispatch = min(expiring, key=lambda d: d.id)
        waiting = [j for j in self.jobs if j.dispatch == dispatch.id and j.place in (READY, RETRY)]
        for job in waiting:
            self.end(job, "expired")
        dispatch.expiring = bool(waiting) or dispatch.open
        return bool(waiting)

    def _enqueue_next(self, limit: int) -> bool:
        for dispatch in sorted(self.dispatches.values(), key=lambda d: -d.id):
            if dispatch.open and self._enqueue(dispatch, limit):
                return True
        return False

    def _enqueue(self, dispatch: Dispatch, limit: int) -> bool:
        waiting = sorted(
            (str(t.account), str(t.id))
            for t in self.running(dispatch.timeframe)
            if (str(t.account), str(t.id)) > dispatch.cursor
        )[:limit]
        if not waiting:
            dispatch.open = False
            return False
        dispatch.cursor = waiting[-1]
        dispatch.due += len(waiting)
        by_id = {str(t.id): t for t in self.traders.values()}
        for account in dict.fromkeys(account for account, _ in waiting):
            mine = [by_id[trader] for owner, trader in waiting if owner == account]
            size = self.limits.slots_per_job
            for start in range(0, len(mine), size):
                chunk = [t.id for t in mine[start : start + size]]
                job = Job(mine[0].account, dispatch.id, chunk)
                self.jobs.append(job)
                if dispatch.superseded:
                    self.end(job, "expired")
        return True

    # Leases

    def claimable(self) -> list[Job]:
        """Ready jobs of tenants with room whose candle is the newest."""
        return [
            j
            for j in self.jobs
            if j.place == READY
            and not self.dispatches[j.dispatch].expiring
            and self.leased_by(j.account) < self.tenants[j.account].cap
        ]

    def lease(self, token: UUID, jobs: list[Job], limit: int, until: datetime) -> None:
        """Lease jobs that a claim got; assert that it might."""
        allowed = {id(j) for j in self.claimable()}
        assert len(jobs) <= limit
        for job in jobs:
            assert id(job) in allowed, ("was not to be claimed", job)
            job.place = token
            job.attempt += 1
            job.filters = {trader: self._bound(trader) for trader in job.traders}
        for account, tenant in self.tenants.items():
            taken = sum(1 for j in jobs if j.account == account)
            assert taken <= tenant.turn
            assert not taken or self.leased_by(account) <= tenant.cap, "over the tenant's cap"
        leased = sum(1 for j in self.jobs if j.place not in (READY, RETRY))
        assert not jobs or leased <= self.limits.leased, "over the global cap"
        assert len(jobs) < 2 or all(j.lapses < self.limits.lone_lapses_from for j in jobs)
        if jobs:
            self.leases[token] = Lease(token, until)

    def _bound(self, trader: UUID) -> int | None:
        found = self.traders.get(trader)
        return found.filter if found is not None and found.state == "running" else None

    def extend(self, token: UUID, until: datetime) -> bool:
        """Extend a live lease; False: it is over."""
        lease = self.leases.get(token)
        if lease is None or lease.until <= self.now:
            return False
        lease.until = max(lease.until, until)
        return True

    def release(self, token: UUID) -> bool:
        """Hand a live lease back; False: it is over."""
        lease = self.leases.get(token)
        if lease is None or lease.until <= self.now:
            return False
        for job in self.held(token):
            job.attempt -= 1
            self._return(job, "released")
        self._drop(token)
        return True

    def lapse(self) -> None:
        """Take back what the longest lapsed lease held."""
        lapsed = [lease for lease in self.leases.values() if lease.until <= self.now]
        if not lapsed:
            return
        token = min(lapsed, key=lambda lease: (lease.until, lease.token)).token
        jobs = self.held(token)
        for job in jobs:
            self._return(job, "expired")
        self._drop(token)
        self.count_ends([s for j in jobs for s in j.slots if self.ended.get(s) == "failed"])

    def _return(self, job: Job, outcome: str) -> None:
        job.lapses += outcome == "expired"
        if self.dispatches[job.dispatch].superseded:
            self.end(job, "expired")
        elif outcome == "expired" and job.attempt >= self.limits.attempts:
            self.end(job, "failed")
        elif job.lapses >= self.limits.lone_lapses_from:
            self.jobs.remove(job)
            self.jobs += [
                Job(job.account, job.dispatch, [t], READY, job.attempt, job.lapses)
                for t in job.traders
            ]
        else:
            job.place = READY

    def _drop(self, token: UUID) -> None:
        del self.leases[token]
        self.lost.add(token)

    def count_ends(self, slots: list[Slot]) -> None:
        """Note the newest candle and the failures in a row of slots that are done or failed."""
        scheduled = [s for s in slots if self.dispatches[s[0]].kind == "scheduled"]
        for trader_id in {trader for _, trader in scheduled}:
            trader = self.traders.get(trader_id)
            if trader is None or trader.state != "running":
                continue
            mine = [s for s in scheduled if s[1] == trader_id]
            candles = [self.dispatches[dispatch].candle_at for dispatch, _ in mine]
            trader.last_candle = max(filter(None, [trader.last_candle, *candles]))
            failed = any(self.ended[s] == "failed" for s in mine)
            trader.failures = trader.failures + 1 if failed else 0
            if trader.failures >= self.limits.failures_to_stop:
                self._move(trader, "error")

    # Traders

    def start(self, trader: UUID) -> None:
        """Start a stopped trader: it forgets what matched."""
        found = self.traders[trader]
        found.matched = set()
        found.failures = 0
        self._move(found, "running" if self.ready_filters[found.filter] else "starting")

    def stop(self, trader: UUID) -> None:
        """Stop a trader."""
        self._move(self.traders[trader], "stopped")

    def edit(self, trader: UUID, filter_id: int, timeframe: str) -> None:
        """Change a trader's filter: it keeps what matched."""
        found = self.traders[trader]
        if found.filter == filter_id:
            return
        if found.timeframe != timeframe:
            found.last_candle = None
        found.filter, found.timeframe = filter_id, timeframe
        found.failures = 0
        if found.state == "stopped":
            self._move(found, "stopped")
        else:
            self._move(found, "running" if self.ready_filters[filter_id] else "starting")

    def decide(self, filter_id: int) -> None:
        """Let a filter pass its check: who waits for it runs."""
        self.ready_filters[filter_id] = True
        for trader in self.traders.values():
            if trader.filter == filter_id and trader.state == "starting":
                self._move(trader, "running")

    def delete(self, trader: UUID) -> None:
        """Delete a trader and its signals; its slots are still to be accounted for."""
        del self.traders[trader]
        self.signals = {s for s in self.signals if s[0] != trader}

    def _move(self, trader: Trader, state: str) -> None:
        trader.state = state
        trader.changed_at = self.now

    # Reading

    def running(self, timeframe: str) -> list[Trader]:
        """Return the traders of a timeframe that run."""
        return [
            t for t in self.traders.values() if t.state == "running" and t.timeframe == timeframe
        ]

    def held(self, token: UUID) -> list[Job]:
        """Return the jobs that a token holds."""
        return [j for j in self.jobs if j.place == token]

    def leased_by(self, account: UUID) -> int:
        """Return how many jobs of a tenant are leased."""
        return sum(1 for j in self.jobs if j.account == account and j.place not in (READY, RETRY))

    def end(self, job: Job, outcome: str) -> None:
        """End a job's slots; no slot ends twice."""
        for slot in job.slots:
            self.end_slot(slot, outcome)
        self.jobs.remove(job)

    def end_slot(self, slot: Slot, outcome: str) -> None:
        """End one slot."""
        assert slot not in self.ended, ("a slot ended twice", slot)
        self.ended[slot] = outcome


BACK_OFF: Final = timedelta(seconds=2)
"""The upper end of the first back-off; it doubles up to a minute."""
