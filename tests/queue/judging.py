"""Completion in the model: how each slot ends, and which signals must exist afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.queue.model import RETRY, Job, Model, Slot
from tests.queue.scene import LENGTHS

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tests.queue.model import Dispatch, Trader


@dataclass(frozen=True)
class Results:
    """What a worker found: by (dispatch, filter) the positions that are true and unknown."""

    true: dict[tuple[int, int], set[int]] = field(default_factory=dict)
    unknown: dict[tuple[int, int], set[int]] = field(default_factory=dict)
    failed: set[tuple[int, int]] = field(default_factory=set)


def complete(
    model: Model, token: UUID, named: list[Job] | None, results: Results
) -> tuple[str, Counter[str]]:
    """Complete jobs of a token; return the outcome and how many slots ended in which way.

    Args:
        model: changed in place.
        token: the worker's.
        named: jobs as they were when they were claimed; None: all that the token holds.
        results: of the filters that the worker evaluated.
    """
    lease = model.leases.get(token)
    held = model.held(token)
    jobs = held if named is None else [j for j in held if any(j is n for n in named)]
    if not jobs or lease is None or lease.until <= model.now:
        return _told(model, token, named), Counter()
    verdicts = [(j, t, _judge(model, jobs, j, t, results)) for j in jobs for t in j.traders]
    _write_signals(model, [(j, t) for j, t, verdict in verdicts if verdict == "done"], results)
    for job, trader, verdict in verdicts:
        if verdict == "retried":
            model.jobs.append(
                Job(job.account, job.dispatch, [trader], RETRY, job.attempt, job.lapses)
            )
        else:
            model.end_slot((job.dispatch, trader), verdict)
    for job in jobs:
        model.jobs.remove(job)
    model.count_ends([(j.dispatch, t) for j, t, v in verdicts if v in ("done", "failed")])
    model.completed.setdefault(token, []).append({s for j in jobs for s in j.slots})
    if not model.held(token):
        del model.leases[token]
    return "done", Counter(verdict for _, _, verdict in verdicts)


def _told(model: Model, token: UUID, named: list[Job] | None) -> str:
    done: set[Slot] = set().union(*model.completed.get(token, []))
    if named is None:
        mine = bool(done) and token not in model.lost and token not in model.leases
    else:
        mine = bool(done) and all(set(j.slots) <= done for j in named)
    return "already" if mine else "fenced"


def _judge(model: Model, jobs: list[Job], job: Job, trader: UUID, results: Results) -> str:
    found = model.traders.get(trader)
    dispatch = model.dispatches[job.dispatch]
    is_last = job.attempt >= model.limits.attempts
    key = (job.dispatch, job.filters[trader] or 0)
    if (
        found is None
        or found.state in ("stopped", "error")
        or found.timeframe != dispatch.timeframe
    ):
        return "skipped"
    if _is_late(model, jobs, dispatch, found):
        return "expired"
    if job.filters[trader] != found.filter or found.state != "running":
        return "skipped" if is_last else "retried"
    if key in results.failed or key not in results.true:
        return "failed" if is_last else "retried"
    return "done"


def _is_late(model: Model, jobs: list[Job], dispatch: Dispatch, trader: Trader) -> bool:
    if dispatch.kind != "scheduled":
        return False
    if trader.last_candle is not None and trader.last_candle >= dispatch.candle_at:
        return True
    return any(
        other.kind == "scheduled" and other.candle_at > dispatch.candle_at
        for other in (model.dispatches[j.dispatch] for j in jobs if trader.id in j.traders)
        if other.timeframe == dispatch.timeframe
    )


def _write_signals(model: Model, done: list[tuple[Job, UUID]], results: Results) -> None:
    before = set(model.signals)
    for job, trader_id in done:
        trader, dispatch = model.traders[trader_id], model.dispatches[job.dispatch]
        key = (job.dispatch, trader.filter)
        true = results.true[key]
        entered = true if trader.emit == "every_candle" else true - trader.matched
        reported = [
            (trader.id, position, dispatch.timeframe, dispatch.candle_at)
            for position in sorted(entered, reverse=True)
            if not _cools_down(before, trader, dispatch, position)
        ][: model.tenants[trader.account].signals_per_candle]
        dispatch.suppressed += len(entered) - len(reported)
        model.written += len(set(reported) - model.signals)
        model.signals.update(reported)
    for job, trader_id in done:
        trader = model.traders[trader_id]
        if model.dispatches[job.dispatch].kind == "scheduled":
            key = (job.dispatch, trader.filter)
            trader.matched = (trader.matched & results.unknown[key]) | results.true[key]


def _cools_down(
    signals: set[tuple[UUID, int, str, datetime]],
    trader: Trader,
    dispatch: Dispatch,
    position: int,
) -> bool:
    length = LENGTHS[dispatch.timeframe]
    return any(
        (trader.id, position, dispatch.timeframe, dispatch.candle_at - back * length) in signals
        for back in range(1, trader.cooldown + 1)
    )
