"""Say why a trader was silent: what it is doing, how each part of its filter did, what it reported.

The trader is read with its owner's token, so that nobody learns anything of another's.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from candlewatch.errors import CallRefused
from candlewatch.filters import compile_filter
from candlewatch.filters import explain as count_parts
from candlewatch.runs.view import candles_of_a_day, watched
from candlewatch.settings import EXPLAIN_CANDLES_MAX
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from candlewatch.filters import Explanation
    from candlewatch.runs.api import Call, People
    from candlewatch.runs.view import View

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TRADER: Final = (
    "id,name,filter,timeframe,universe,emit,cooldown_candles,trader_states(state,reason,changed_at)"
)


def explain(call: Call, people: People, view: View) -> dict[str, Any]:
    """Answer why a trader was silent.

    Args:
        call: body with `trader`, its id, and how many `candles` to look at (a day's where it does
            not say).
        people: the API as users see it.
        view: the newest candles.

    Raises:
        FilterRefused: the trader's filter breaks a rule; the problems say why it never ran.
        CallRefused: there is no such trader, or it is another's.
    """
    trader = _own_trader(call, people)
    compiled = compile_filter(trader["filter"], timeframe_named(trader["timeframe"]))
    day = min(candles_of_a_day(compiled.timeframe), EXPLAIN_CANDLES_MAX)
    candles = call.number("candles", day, 1, EXPLAIN_CANDLES_MAX)
    limits = people.read(call.token, "/rpc/usage") or {}
    sight = view.sight(compiled, candles)
    positions = watched(
        trader["universe"], sight.market.universe, limits.get("symbols_per_trader", 1)
    )
    counted = count_parts(compiled, sight.market, sight.last, candles, positions)
    since = compiled.timeframe.open_of(sight.first)
    signals = people.count(
        call.token,
        f"/signals?trader_id=eq.{trader['id']}&candle_at=gte.{quote(since.isoformat())}"
        "&select=id&limit=1",
    )
    status = people.read(call.token, f"/rpc/trader_status?p_trader={trader['id']}")
    return {
        "trader": trader["id"],
        "name": trader["name"],
        **trader["trader_states"],
        "last_candle_at": status["last_candle_at"],
        "since": since.isoformat(),
        "candles": counted.candles,
        "symbols": counted.symbols,
        "signals": signals,
        "summary": summary(trader, counted, signals),
        "parts": [asdict(part) for part in counted.parts],
    }


def _own_trader(call: Call, people: People) -> dict[str, Any]:
    name = call.text("trader")
    rows = []
    if _ID.fullmatch(name):
        rows = people.read(call.token, f"/traders?id=eq.{name}&select={_TRADER}")
    if not rows:
        raise CallRefused(
            404, "CW004", f"there is no trader {name[:40]}",
            "list your traders and use an id from there",
        )  # fmt: skip
    found: dict[str, Any] = rows[0]
    return found


def summary(trader: dict[str, Any], counted: Explanation, signals: int) -> list[str]:
    """Return the answer in sentences, the likeliest reason first.

    Args:
        trader: as the API shows it, with its state.
        counted: how the parts of its filter did.
        signals: how many it gave over the same candles.
    """
    state = trader["trader_states"]
    whole, *parts = counted.parts
    looks = whole.true + whole.false + whole.unknown
    sentences = []
    if state["state"] != "running":
        reason = f": {state['reason']}" if state["reason"] else ""
        sentences.append(f"The trader is {state['state']}{reason}.")
    if counted.symbols == 0:
        sentences.append("Its universe holds no symbol that is trading.")
    sentences.append(
        f"Over {counted.candles:,} candles of {counted.symbols:,} symbols the filter was true"
        f" {whole.true:,} times, false {whole.false:,} times and unknown {whole.unknown:,} times;"
        f" the trader gave {signals:,} signals."
    )
    if whole.true and not signals and state["state"] == "running":
        sentences.append(
            "It was true and gave no signal: a match that goes on is reported once"
            " (emit is on_entry), cooldowns keep silent, and nothing before its start is reported."
        )
    ordered = sorted((part for part in parts if part.true < looks), key=lambda part: part.true)
    if not whole.true and ordered:
        rarest = ordered[0]
        sentences.append(
            f"The part that held least: line {rarest.line}, {rarest.text}"
            f" ({rarest.true:,} of {looks:,})."
        )
    if whole.unknown:
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in whole.reasons.items())
        sentences.append(f"Unknown, because of: {reasons or 'a value that is not known'}.")
    return sentences
