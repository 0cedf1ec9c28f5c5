"""Five traders to see the system at work; `up` makes them where there is no trader yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class Sample:
    """A trader as somebody would type it in the dashboard: a name and a filter."""

    name: str
    filter: str


SAMPLES: Final = (
    Sample(
        "Oversold in an uptrend",
        'strength = rsi(close, 14)\ntrend = at("1h", sma(close, 50))\n'
        "strength < 35 and close > trend",
    ),
    Sample(
        "EMA cross with volume",
        "fast, slow = ema(close, 12), ema(close, 26)\naverage = sma(volume, 20)\n"
        "crossed_above(fast, slow) and volume > 1.2 * average",
    ),
    Sample(
        "Breakout of 48 candles",
        "ceiling = highest(high, 48)[1]\nclose > ceiling and volume > sma(volume, 20)",
    ),
    Sample(
        "Strongest ten of the day",
        "move = change_pct(close, 288)\nplace = rank(move)\nplace <= 10",
    ),
    Sample(
        "Squeeze while BTC is calm",
        "upper, middle, lower = bbands(close, 20)\nwidth = 100 * (upper - lower) / middle\n"
        'btc = of("BTCUSDT", natr(14))\nwidth <= lowest(width, 96) and btc < 1',
    ),
)


def add_samples(postgres: psycopg.Connection) -> int:
    """Insert the samples with plain inserts, if there is no trader; return how many were added."""
    row = postgres.execute("select exists (select from public.traders)").fetchone()
    if row is None or row[0]:
        return 0
    with postgres.transaction():
        for sample in SAMPLES:
            postgres.execute(
                "insert into public.traders (name, filter) values (%s, %s)",
                [sample.name, sample.filter],
            )
    return len(SAMPLES)
