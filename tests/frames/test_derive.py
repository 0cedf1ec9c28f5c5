"""A derived candle equals the exchange's own, and one that misses a part is unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.frames.making import make_window

from candlewatch.frames.derive import aggregate, derive, first_part, parts_of, rounded
from candlewatch.frames.window import Window
from candlewatch.timeframes import TIMEFRAMES

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "btcusdt_by_timeframe.parquet"
PAIRS = [
    (short, long) for short in TIMEFRAMES.values() for long in TIMEFRAMES.values() if short < long
]


def slow_twin(window: Window, long: str) -> dict[int, list[list[float]]]:
    """Derive one candle after the other, by the words of the rule."""
    timeframe, short = TIMEFRAMES[long], window.timeframe
    candles: dict[int, list[list[float]]] = {}
    for number in range(timeframe.index_of(short.open_of(window.first)), 10**9):
        start = short.index_of(timeframe.open_of(number)) - window.first
        end = short.index_of(timeframe.open_of(number + 1)) - window.first
        if end > window.candle_count:
            return candles
        if start >= 0:
            parts = window.values[:, :, start:end]
            candles[number] = [slow_candle(parts[:, row]) for row in range(parts.shape[1])]
    return candles


def slow_candle(parts: np.ndarray) -> list[float]:
    if np.isnan(parts).any():
        return [float("nan")] * 6
    rows = [list(part) for part in parts.T]
    traded = [row for row in rows if row[4] > 0] or [[rows[-1][3]] * 4 + [0.0, 0.0]]
    return [
        traded[0][0],
        max(row[1] for row in traded),
        min(row[2] for row in traded),
        rows[-1][3],
        round(sum(row[4] for row in rows), 8),
        round(sum(row[5] for row in rows), 8),
    ]


@pytest.mark.parametrize("long", ["15m", "30m", "1h", "4h"])
@pytest.mark.parametrize("quiet", [0.0, 0.3, 0.97])
@pytest.mark.parametrize("first", [5_908_704, 5_908_711])
def test_it_equals_the_slow_twin(long: str, quiet: float, first: int) -> None:
    window = make_window(candles=150, quiet=quiet, first=first)

    derived = derive(window, TIMEFRAMES[long])

    twin = slow_twin(window, long)
    assert list(twin) == list(range(derived.first, derived.last + 1))
    expected = np.array(list(twin.values())).transpose(2, 1, 0)
    assert np.array_equal(derived.values, expected)


def test_a_candle_that_misses_a_part_is_unknown_for_that_symbol_alone() -> None:
    window = make_window(symbols=2, candles=24)
    window.values[:, 0, 5] = np.nan

    derived = derive(window, TIMEFRAMES["1h"])

    assert np.isnan(derived.values[:, 0, 0]).all()
    assert np.isfinite(derived.values[:, 1]).all()
    assert np.isfinite(derived.values[:, 0, 1]).all()


def test_a_missing_frame_is_told_by_the_revision() -> None:
    window = make_window(candles=24)
    window.revisions[3] = 0
    window.values[:, :, 3] = np.nan

    assert derive(window, TIMEFRAMES["1h"]).revisions.tolist() == [0, 1]


def test_parts_without_trades_do_not_count_for_open_high_and_low() -> None:
    window = make_window(symbols=1, candles=3, first=0)
    window.values[:, 0] = np.array(
        [[90.0, 90, 90, 90, 0, 0], [50, 55, 45, 52, 2, 100], [52, 52, 52, 52, 0, 0]]
    ).T

    derived = derive(window, TIMEFRAMES["15m"])

    assert derived.values[:, 0, 0].tolist() == [50, 55, 45, 52, 2, 100]


def test_a_candle_without_any_trade_is_flat_at_the_last_close() -> None:
    window = make_window(symbols=1, candles=3, first=0)
    window.values[:, 0] = np.array([[90.0, 90, 90, 90, 0, 0]] * 3).T

    assert derive(window, TIMEFRAMES["15m"]).values[:, 0, 0].tolist() == [90, 90, 90, 90, 0, 0]


def test_a_week_starts_on_monday() -> None:
    days = make_window("1d", symbols=1, candles=14, first=TIMEFRAMES["1d"].index_of(MONDAY) - 3)

    weeks = derive(days, TIMEFRAMES["1w"])

    assert TIMEFRAMES["1w"].open_of(weeks.first) == MONDAY
    assert weeks.values[0, 0, 0] == days.values[0, 0, 3]


MONDAY = TIMEFRAMES["1w"].open_of(2_900)


@pytest.mark.parametrize(("short", "long"), PAIRS, ids=str)
def test_every_longer_timeframe_consists_of_whole_shorter_ones(short: str, long: str) -> None:
    one, other = TIMEFRAMES[str(short)], TIMEFRAMES[str(long)]

    first = first_part(other, one, 2_000)

    assert one.open_of(first) == other.open_of(2_000)
    assert one.open_of(first + parts_of(other, one)) == other.open_of(2_001)


@pytest.mark.parametrize(("short", "long"), [("1h", "5m"), ("1h", "1h")])
def test_shorter_ones_cannot_be_derived(short: str, long: str) -> None:
    with pytest.raises(ValueError, match="does not consist of whole candles"):
        derive(make_window(short), TIMEFRAMES[long])


def test_a_window_that_holds_no_whole_candle_gives_none() -> None:
    derived = derive(make_window(candles=11), TIMEFRAMES["1h"])

    assert derived.values.shape == (6, 3, 0)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=60), st.randoms())
def test_a_sum_of_decimals_does_not_depend_on_the_order(amounts: list[int], chance: object) -> None:
    values = np.array(amounts) / 1e4
    shuffled = values.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert rounded(values.sum()[None])[0] == rounded(shuffled.sum()[None])[0]
    assert rounded(values.sum()[None])[0] == sum(amounts) / 1e4


def test_parts_may_be_derived_in_steps() -> None:
    window = make_window(candles=288 * 2, quiet=0.2)

    at_once = derive(window, TIMEFRAMES["4h"])
    in_steps = derive(derive(window, TIMEFRAMES["30m"]), TIMEFRAMES["4h"])

    assert np.array_equal(at_once.values, in_steps.values)


def test_it_leaves_its_input_alone() -> None:
    window = make_window(candles=24, quiet=0.5)
    before = window.values.copy()

    aggregate(window.values.reshape(6, 3, 2, 12))
    derive(window, TIMEFRAMES["1h"])

    assert np.array_equal(window.values, before)


if PUBLISHED.exists():

    @pytest.mark.parametrize(
        ("short", "long"),
        [
            ("5m", "15m"), ("5m", "1h"), ("5m", "4h"), ("5m", "1d"), ("15m", "1h"),
            ("15m", "4h"), ("15m", "1d"), ("1h", "4h"), ("1h", "1d"), ("4h", "1d"),
        ],
    )  # fmt: skip
    def test_derived_candles_equal_those_that_the_exchange_published(short: str, long: str) -> None:
        derived, published = derive(read_published(short), TIMEFRAMES[long]), read_published(long)

        assert derived.first == published.first
        assert derived.candle_count == published.candle_count > 90
        assert np.array_equal(derived.values[:5], published.values[:5])


def read_published(timeframe: str) -> Window:
    """Read one timeframe of the published candles."""
    from pyarrow import parquet  # noqa: PLC0415 (only where the file is there)

    table = parquet.read_table(PUBLISHED, filters=[("timeframe", "==", timeframe)])
    length = TIMEFRAMES[timeframe]
    opens_ms = table["open_time"].to_numpy().astype("datetime64[ms]").astype(np.int64)
    order = np.argsort(opens_ms)
    numbers = (opens_ms[order] - length.offset_ms) // length.ms
    assert (np.diff(numbers) == 1).all()
    fields = ("open", "high", "low", "close", "volume", "volume")
    values = np.stack([table[name].to_numpy()[order] for name in fields])[:, None]
    return Window(length, int(numbers[0]), values, np.ones(len(numbers), np.int64))
