"""The synthetic market is one market: the same on every timeframe and at every call."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from tests.exchange.staging import NOON, market

from candlewatch.exchange.simulated.cascade import FIRST_WEEK, LAST_WEEK
from candlewatch.exchange.simulated.chance import normal, uniform
from candlewatch.exchange.simulated.synthetic import SyntheticMarket
from candlewatch.frames.derive import aggregate, first_part, parts_of
from candlewatch.timeframes import TIMEFRAMES

PAIRS = [("1m", "5m"), ("5m", "15m"), ("15m", "30m"), ("5m", "1h"), ("1h", "4h"), ("4h", "1d"),
         ("1h", "1d"), ("1d", "1w"), ("4h", "1w")]  # fmt: skip
MOMENTS = [datetime(2019, 5, 6, 13, tzinfo=UTC), NOON, datetime(2031, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
@pytest.mark.parametrize(("short", "long"), PAIRS)
def test_a_long_candle_is_the_sum_of_its_short_ones(
    short: str, long: str, moment: datetime
) -> None:
    part, whole = TIMEFRAMES[short], TIMEFRAMES[long]
    number, parts = whole.index_of(moment), parts_of(whole, part)
    first = first_part(whole, part, number)

    joined = aggregate(
        market().candles(part, first, first + 3 * parts - 1).reshape(6, 12, 3, parts)
    )

    true = market().candles(whole, number, number + 2)
    assert np.array_equal(joined[:5], true[:5], equal_nan=True)
    assert np.allclose(joined[5], true[5], rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**70])
def test_any_seed_gives_a_market(seed: int) -> None:
    hour = TIMEFRAMES["1h"]
    number = hour.index_of(NOON)

    candles = SyntheticMarket(seed, 2).candles(hour, number, number + 9)

    assert np.isfinite(candles).any()
    assert not np.array_equal(candles, market().candles(hour, number, number + 9)[:, :2])


def test_the_same_seed_gives_the_same_market_in_any_order_of_questions() -> None:
    five, last = TIMEFRAMES["5m"], TIMEFRAMES["5m"].index_of(NOON)
    other = SyntheticMarket(5, 12)
    other.candles(TIMEFRAMES["1d"], 18_000, 18_100)
    parts = [other.candles(five, n, n + 99) for n in range(last, last - 400, -100)]

    whole = market().candles(five, last - 300, last + 99)

    assert np.array_equal(np.concatenate(parts[::-1], axis=2), whole)
    assert not np.array_equal(SyntheticMarket(6, 12).candles(five, last, last), whole[:, :, -1:])


@pytest.mark.parametrize("timeframe", TIMEFRAMES.values(), ids=str)
def test_every_candle_is_sound(timeframe: object) -> None:
    length = TIMEFRAMES[str(timeframe)]
    last = length.index_of(NOON)
    opens, highs, lows, closes, volumes, quotes = market().candles(length, last - 300, last)
    known = np.isfinite(opens)

    assert known.any()
    assert (highs[known] >= np.maximum(opens, closes)[known]).all()
    assert (lows[known] <= np.minimum(opens, closes)[known]).all()
    assert (lows[known] > 0).all()
    assert (volumes[known] >= 0).all()
    flat = known & (volumes == 0)
    assert (highs[flat] == lows[flat]).all()
    assert (quotes[flat] == 0).all()


def test_returns_have_fat_tails_and_calm_comes_in_clusters() -> None:
    hour = TIMEFRAMES["1h"]
    last = hour.index_of(NOON)
    returns = np.diff(np.log(market().candles(hour, last - 4_000, last)[3]), axis=1)

    kurtosis = (returns**4).mean(axis=1) / (returns**2).mean(axis=1) ** 2
    sizes = np.abs(returns)
    memory = [np.corrcoef(row[1:], row[:-1])[0, 1] for row in sizes]
    together = np.corrcoef(returns)[0, 1:]

    assert np.median(kurtosis) > 5
    assert np.median(memory) > 0.1
    assert np.median(together) > 0.15


def test_volume_comes_in_bursts() -> None:
    five = TIMEFRAMES["5m"]
    last = five.index_of(NOON)
    volumes = market().candles(five, last - 4_000, last)[4, 0]

    assert volumes.max() > 5 * np.median(volumes)


def test_some_symbols_are_quiet_and_some_were_listed_later() -> None:
    wide = SyntheticMarket(3, 80)
    minute = TIMEFRAMES["1m"]
    last = minute.index_of(NOON)

    volumes = wide.candles(minute, last - 500, last)[4]
    listed = {wide.listed_ms(row) for row in range(80)}

    assert (volumes[-1] == 0).mean() > 0.1
    assert (volumes[0] == 0).mean() == 0
    assert len(listed) > 20


def test_outside_of_its_time_the_market_has_no_candles() -> None:
    week = TIMEFRAMES["1w"]

    values = market().candles(week, FIRST_WEEK - 2, FIRST_WEEK + 1)

    assert np.isfinite(values[0, 0]).tolist() == [False, False, True, True]
    assert np.isnan(market().candles(week, LAST_WEEK, LAST_WEEK + 3)).all()


def test_chance_is_evenly_and_normally_spread() -> None:
    keys = np.arange(200_000, dtype=np.uint64)
    even, bell = uniform(keys, 1), normal(keys, 2)

    assert 0 < even.min() < even.max() < 1
    assert abs(even.mean() - 0.5) < 0.005
    assert abs(even.var() - 1 / 12) < 0.002
    assert abs(bell.mean()) < 0.01
    assert abs(bell.std() - 1) < 0.01
    assert abs(np.corrcoef(uniform(keys, 1), uniform(keys, 2))[0, 1]) < 0.01
