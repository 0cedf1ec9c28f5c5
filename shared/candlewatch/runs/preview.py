"""Try a filter without saving it: what matches now, and what it would have fired over the last day.

The signals are decided as for a trader that has been running since before that day: on entry or on
every candle, with its cooldown, and at most the tier's number on one candle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from candlewatch.errors import CallRefused
from candlewatch.filters import Plan, compile_filter, replay
from candlewatch.runs.evaluator import known
from candlewatch.runs.view import candles_of_a_day, watched
from candlewatch.settings import EXPLAIN_CANDLES_MAX, PREVIEW_SYMBOLS_MAX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from candlewatch.filters import Filter
    from candlewatch.runs.api import Call, People
    from candlewatch.runs.view import Sight, View

_COOLDOWN_MAX = 1_000


def preview(call: Call, people: People, view: View) -> dict[str, Any]:
    """Answer a preview.

    Args:
        call: body with `filter`, and as a trader has them `timeframe`, `universe`, `emit` and
            `cooldown_candles`.
        people: the API as users see it: the limits are those of the caller's tier.
        view: the newest candles.

    Raises:
        FilterRefused: the filter's text breaks a rule.
        CallRefused: another part of the body does.
    """
    compiled = compile_filter(call.text("filter"), call.timeframe())
    every_candle = _every_candle(call)
    cooldown = call.number("cooldown_candles", 0, 0, _COOLDOWN_MAX)
    limits = people.read(call.token, "/rpc/usage") or {}
    candles = min(candles_of_a_day(compiled.timeframe), EXPLAIN_CANDLES_MAX)
    sight = view.sight(compiled, candles)
    positions = watched(
        call.body.get("universe", {}), sight.market.universe, limits.get("symbols_per_trader", 1)
    )
    return {
        "timeframe": compiled.timeframe.name,
        "symbols": len(positions),
        "now": _now(compiled, sight, positions),
        "last_day": _day(
            compiled, sight, positions, cooldown, limits["signals_per_candle"],
            every_candle=every_candle,
        ),
    }  # fmt: skip


def _every_candle(call: Call) -> bool:
    emit = call.text("emit", "on_entry")
    if emit not in ("on_entry", "every_candle"):
        raise CallRefused(400, "CW002", f"emit is on_entry or every_candle, got {emit!r:.40}")
    return emit == "every_candle"


def _now(compiled: Filter, sight: Sight, positions: NDArray[np.intp]) -> dict[str, Any]:
    """Return the matches on the newest candle with their values, from the plan as live."""
    plan = Plan(compiled.timeframe)
    plan.extend({1: compiled})
    evaluation = plan.evaluate(sight.market, sight.last, [1])
    found = positions[evaluation.true(1)[positions]]
    listed = found[:PREVIEW_SYMBOLS_MAX]
    values = evaluation.values(1, listed.tolist()) if len(listed) else {}
    names = sight.market.universe.names
    return {
        "candle_at": compiled.timeframe.open_of(sight.last).isoformat(),
        "match_count": len(found),
        "unknown_count": int(evaluation.unknown(1)[positions].sum()),
        "matches": [
            {"symbol": names[position], "values": known(values[position])}
            for position in listed.tolist()
        ],
    }


def _day(
    compiled: Filter,
    sight: Sight,
    positions: NDArray[np.intp],
    cooldown: int,
    cap: int,
    *,
    every_candle: bool,
) -> dict[str, Any]:
    true, unknown = replay(compiled, sight.market, sight.first - 1, sight.last)
    true, unknown = true[positions], unknown[positions]
    fired = decide(true, unknown, cooldown, every_candle=every_candle)
    kept = fired & (np.cumsum(fired, axis=0) <= cap)
    per_symbol = kept.sum(axis=1)
    busiest = np.argsort(-per_symbol, kind="stable")[:PREVIEW_SYMBOLS_MAX]
    names = sight.market.universe.names
    return {
        "candles": int(fired.shape[1]),
        "signals": int(kept.sum()),
        "over_the_cap": int((fired & ~kept).sum()),
        "true_count": int(true[:, 1:].sum()),
        "unknown_count": int(unknown[:, 1:].sum()),
        "by_symbol": {
            names[positions[row]]: int(per_symbol[row]) for row in busiest if per_symbol[row]
        },
        "busiest_candle": int(kept.sum(axis=0).max(initial=0)),
    }


def decide(
    true: NDArray[np.bool_], unknown: NDArray[np.bool_], cooldown: int, *, every_candle: bool
) -> NDArray[np.bool_]:
    """Decide which matches are signals, as the database does.

    Args:
        true: where the filter is true, shape (symbols, 1 + candles): the first one only says what
            matched before.
        unknown: where it is unknown, same shape.
        cooldown: candles of silence after a signal of the same symbol.
        every_candle: whether a match that goes on is a signal, too.

    Returns:
        Shape (symbols, candles).
    """
    matched = true[:, 0].copy()
    fired = np.zeros((true.shape[0], true.shape[1] - 1), np.bool_)
    last = np.full(true.shape[0], -cooldown - 1)
    for candle in range(fired.shape[1]):
        now = true[:, candle + 1]
        entered = now if every_candle else now & ~matched
        entered = entered & (candle - last > cooldown)
        fired[:, candle] = entered
        last[entered] = candle
        matched = (matched & unknown[:, candle + 1]) | now
    return fired
