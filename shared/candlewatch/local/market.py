"""Which market a stack watches: the exchange itself, a simulated one, or a replayed file.

A simulated or replayed market has a clock of its own: `anchor_market + (wall - anchor_wall) *
speed`. The simulated exchange and the database's `candlewatch.market_now()` are given the same
two anchors, so that both agree to the microsecond about which candle has closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import httpx
from psycopg import sql

from candlewatch.errors import SetupError
from candlewatch.local.ports import LOOPBACK
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from candlewatch.frames.window import Window

LIVE_URL: Final = "https://data-api.binance.vision"
DEFAULT_SPEED: Final = 30.0
"""A candle of five minutes closes every ten seconds."""

CLOSE_MARGIN: Final = timedelta(seconds=1)
"""A market that is not live starts so long after a close: its candles count as closed by then."""

HISTORY_CANDLES: Final = 1_000
"""Candles that lie before the start of a replay, for indicators to warm up."""

LIVE_WEIGHT: Final = 6_000
"""Request weight that the exchange allows per minute; we ask for half of it.

Source: Binance Spot API, "General Information", rate limits of `exchangeInfo`.
"""

_ASK_SECONDS: Final = 3.0
_NEWEST_CLOSE: Final = """
select candlewatch.candle_start(
  coalesce(
    (
      select needed.timeframe
      from candlewatch.needed_timeframes() as needed
      order by candlewatch.candle_length(needed.timeframe)
      limit 1
    ),
    '5m'
  ),
  candlewatch.market_now()
)
"""
_LAST_CLOSE: Final = """
select max(dispatch.closes_at) from candlewatch.dispatches as dispatch
where dispatch.kind = 'scheduled'
"""

_SET_CLOCK: Final = sql.SQL(
    "create or replace function candlewatch.market_now() returns timestamptz "
    "language sql stable begin atomic "
    "select {market}::timestamptz "
    "+ (statement_timestamp() - {wall}::timestamptz) * {speed}::float8; end"
)


@dataclass(frozen=True)
class MarketChoice:
    """What the person asked for.

    Attributes:
        kind: `live`, `simulated` or `replay`; empty to choose live where it answers.
        candles: the file of a replay.
        speed: market seconds per second.
    """

    kind: str = ""
    candles: Path | None = None
    speed: float = DEFAULT_SPEED


@dataclass(frozen=True)
class MarketClock:
    """The clock of a market that is not live."""

    market: datetime
    wall: datetime
    speed: float


class ExchangeControl:
    """Holds and releases the clock of the simulated exchange.

    Its minutes are as many times shorter as its clock is faster, and so is the minute for which it
    counts request weight.
    """

    def __init__(self, url: str, speed: float) -> None:
        self._url = f"{url}/control"
        self.weight_limit = round(LIVE_WEIGHT * max(1.0, speed))

    def hold(self, moment: datetime) -> MarketClock:
        """Stop the hands at a market time."""
        order = {"hold": True, "move_to": moment.isoformat(), "weight_limit": self.weight_limit}
        return self._order(order)

    def release(self) -> MarketClock:
        """Let the hands run."""
        return self._order({"release": True})

    def _order(self, order: dict[str, Any]) -> MarketClock:
        answer = httpx.post(self._url, json=order, timeout=_ASK_SECONDS, trust_env=False)
        answer.raise_for_status()
        told = answer.json()
        return MarketClock(
            datetime.fromisoformat(told["anchor_market"]),
            datetime.fromisoformat(told["anchor_wall"]),
            float(told["speed"]),
        )


def decide_market(choice: MarketChoice) -> tuple[str, str]:
    """Return the kind of market and one line that says why.

    Raises:
        SetupError: live was asked for and does not answer; or a replay has no file.
    """
    if choice.kind == "replay" and choice.candles is None:
        raise SetupError("a replay needs a file: add `--candles FILE.parquet`")
    if choice.kind in {"replay", "simulated"}:
        return choice.kind, f"market: {choice.kind}, {choice.speed:g} times as fast as real time"
    if choice.candles is not None and not choice.kind:
        return "replay", f"market: {choice.candles}, {choice.speed:g} times as fast as real time"
    problem = ask_exchange(LIVE_URL)
    if not problem:
        return "live", f"market: live, from {LIVE_URL}"
    if choice.kind == "live":
        raise SetupError(f"{problem}: try again, or use `--market simulated`")
    return "simulated", f"market: simulated at {choice.speed:g} times real time, because {problem}"


def ask_exchange(url: str) -> str:
    """Ask the exchange for its time; return why it does not answer, empty when it does."""
    try:
        answer = httpx.get(f"{url}/api/v3/time", timeout=_ASK_SECONDS)
    except httpx.HTTPError:
        return "the exchange cannot be reached"
    if answer.status_code != httpx.codes.OK:
        return f"the exchange answers with status {answer.status_code}"
    return ""


def set_market_clock(postgres: psycopg.Connection, clock: MarketClock) -> None:
    """Give the database the clock of the market."""
    postgres.execute(
        _SET_CLOCK.format(
            market=sql.Literal(clock.market.isoformat()),
            wall=sql.Literal(clock.wall.isoformat()),
            speed=sql.Literal(clock.speed),
        )
    )


def continue_at(postgres: psycopg.Connection) -> datetime:
    """Return when a simulated market goes on: where it stopped, or now in an empty database.

    It is a little after a close, so that the newest candle is there to be fetched.
    """
    row = postgres.execute(_LAST_CLOSE).fetchone()
    newest = row[0] if row else None
    return (newest or TIMEFRAMES["5m"].floor(datetime.now(UTC))) + CLOSE_MARGIN


def start_of_replay(window: Window) -> datetime:
    """Return when a replay starts: at a close of all timeframes up to 4h, with history before it.

    A file that is too short for that starts in its middle.
    """
    timeframe, long = window.timeframe, TIMEFRAMES["4h"]
    wished = timeframe.open_of(window.first + HISTORY_CANDLES)
    start = long.floor(wished) + long.length
    if start >= timeframe.open_of(window.last):
        start = timeframe.open_of(window.first + window.candle_count // 2)
    return start + CLOSE_MARGIN


def allow_weight(postgres: psycopg.Connection, source: str, limit: int) -> None:
    """Let the functions ask a source of ours for so much weight per minute; forget others."""
    postgres.execute(
        "delete from candlewatch.exchange_states where source like %s", [f"http://{LOOPBACK}:%"]
    )
    postgres.execute(
        "insert into candlewatch.exchange_states (source, weight_limit, minute_at, changed_at) "
        "values (%s, %s, now(), now())",
        [source, limit],
    )


def newest_close(postgres: psycopg.Connection) -> datetime:
    """Return the instant of the newest close of the shortest timeframe that traders need."""
    row = postgres.execute(_NEWEST_CLOSE).fetchone()
    closes_at: datetime = row[0] if row else datetime.now(UTC)
    return closes_at
