"""Random histories, seeded: symbols of every kind that goes wrong, on three timeframes.

Prices lie on a tick, so that equal values and flat candles are common. The longer candles are made
of the base candles; a longer candle with a missing part is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.filters.oracle.tape import Candle, Strip, Symbol, Tape, last_closed

from candlewatch.timeframes import TIMEFRAMES, Timeframe

if TYPE_CHECKING:
    from random import Random

KINDS: Final = (
    *("ordinary",) * 7,
    *("short",) * 3,
    *("gapped",) * 4,
    "dead",
    "flat_spells",
    "no_volume",
    "late",
    "halted",
    "not_trading",
)
TIMEFRAME_SETS: Final = (("5m", "15m", "1h"), ("5m", "15m", "1h"), ("1h", "4h", "1d"))
ASKED: Final = 300
NAMES: Final = ("BTCUSDT", "ETHUSDT", *(f"S{index:02d}USDT" for index in range(2, 16)))
OTHERS: Final = ("ETHBTC", "SOLBTC", "XRPBTC", "LTCBTC")


def random_tape(random: Random) -> Tape:
    """Make 20 symbols with 300 candles to be asked about and up to 1,500 of base history before."""
    names = random.choice(TIMEFRAME_SETS)
    base, *longer = (TIMEFRAMES[name] for name in names)
    asked_last = random.randrange(1_600_000_000_000, 1_750_000_000_000) // base.ms
    asked_first = asked_last - ASKED + 1
    before = random.choice((0, 120, 700, 1500))
    far = asked_first - max(before, 3000)
    kinds = list(KINDS)
    random.shuffle(kinds)
    rows = [_candles(random, kind, far, asked_first, asked_last) for kind in kinds]
    strips = {each.name: _longer(rows, far, base, each, asked_last) for each in longer}
    kept = asked_first - before
    strips[base.name] = Strip(base, kept, tuple(tuple(row[kept - far :]) for row in rows))
    symbols = tuple(
        Symbol(name, "USDT" if name.endswith("USDT") else "BTC", kind != "not_trading")
        for name, kind in zip((*NAMES, *OTHERS), kinds, strict=True)
    )
    return Tape(symbols, strips, base, asked_first, asked_last)


def _candles(
    random: Random, kind: str, far: int, asked_first: int, asked_last: int
) -> list[Candle | None]:
    """Walk one symbol from candle number `far` on, and spoil it after its kind."""
    count = asked_last - far + 1
    tick = random.choice((0.5, 0.01, 1e-8))
    close = random.randrange(200, 20_000)
    steps = random.choice((3, 12, 60))
    born = random.randrange(asked_first - 60, asked_last - 4) - far if kind == "short" else 0
    died = random.randrange(asked_first, asked_last) - far if kind == "halted" else count
    gap_until = flat_until = 0
    row: list[Candle | None] = []
    for index in range(count):
        before = close
        if kind == "flat_spells" and random.random() < 0.02:
            flat_until = index + random.randrange(2, 90)
        flat = kind == "dead" or index < flat_until
        wicks = (0, 0)
        if not flat:
            opened = max(40, before + random.choice((0, 0, 0, 1, -1)))
            close = max(40, opened + random.randrange(-steps, steps + 1))
            wicks = (random.randrange(steps + 1), random.randrange(min(steps, 30) + 1))
        else:
            opened = close
        silent = flat or (kind == "no_volume") or random.random() < 0.03
        volume = 0.0 if silent else round(random.lognormvariate(3.0, 1.0), 4)
        row.append(_candle(tick, (opened, close, max(opened, close) + wicks[0]), wicks[1], volume))
        if kind == "gapped" and random.random() < 0.015:
            gap_until = index + random.choice((1, 1, 1, 2, 3, 30))
        missing = index < born or index >= died or index < gap_until
        if missing or (kind == "late" and (index == count - 1 or random.random() < 0.004)):
            row[-1] = None
    return row


def _candle(tick: float, prices: tuple[int, int, int], wick: int, volume: float) -> Candle:
    opened, close, high = prices
    low = min(opened, close) - wick
    return Candle(
        open=opened * tick,
        high=high * tick,
        low=low * tick,
        close=close * tick,
        volume=volume,
        quote_volume=volume * close * tick if wick % 7 else None,
    )


def _longer(
    rows: list[list[Candle | None]], far: int, base: Timeframe, longer: Timeframe, last: int
) -> Strip:
    """Join base candles into those of a longer timeframe, whole ones only."""
    parts = longer.ms // base.ms
    shift = longer.offset_ms // base.ms
    first = -(-(far - shift) // parts)
    stop = last_closed(base, last, longer)
    strip: list[tuple[Candle | None, ...]] = []
    for row in rows:
        joined = []
        for number in range(first, stop + 1):
            start = number * parts + shift - far
            joined.append(_join(row[start : start + parts]))
        strip.append(tuple(joined))
    return Strip(longer, first, tuple(strip))


def _join(candles: list[Candle | None]) -> Candle | None:
    known = [candle for candle in candles if candle is not None]
    if len(known) < len(candles):
        return None
    quotes = [candle.quote_volume for candle in known if candle.quote_volume is not None]
    return Candle(
        open=known[0].open,
        high=max(candle.high for candle in known),
        low=min(candle.low for candle in known),
        close=known[-1].close,
        volume=sum(candle.volume for candle in known),
        quote_volume=sum(quotes) if len(quotes) == len(known) else None,
    )
