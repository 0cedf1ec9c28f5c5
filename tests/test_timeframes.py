"""A candle begins where the calendar in UTC says, in leap years and around clock changes too.

`timeframe_boundaries.txt` holds 200 boundaries, one a line: a moment, a timeframe, the open time of
the candle that contains the moment, and that of the newest candle which is closed then.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewatch.timeframes import TIMEFRAMES, from_ms, timeframe_named, to_ms

TABLE = (Path(__file__).parent / "timeframe_boundaries.txt").read_text().splitlines()
MOMENTS = st.datetimes(datetime(1970, 1, 6), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (Hypothesis adds the zone)


def test_the_table_is_whole() -> None:
    assert len(TABLE) == 200


@pytest.mark.parametrize("line", TABLE)
def test_a_boundary_is_where_the_calendar_says(line: str) -> None:
    moment_text, name, opens, closed = line.split()
    moment, timeframe = datetime.fromisoformat(moment_text), timeframe_named(name)

    assert timeframe.floor(moment) == datetime.fromisoformat(opens)
    assert timeframe.last_closed(moment) == datetime.fromisoformat(closed)


@pytest.mark.parametrize("timeframe", TIMEFRAMES.values(), ids=str)
@given(moment=MOMENTS)
def test_a_candle_contains_its_moments(timeframe: object, moment: datetime) -> None:
    chosen = timeframe_named(str(timeframe))
    opens = chosen.floor(moment)

    assert opens <= moment < opens + chosen.length
    assert chosen.open_of(chosen.index_of(opens)) == opens
    assert chosen.closes_at(opens)


@given(moment=MOMENTS)
def test_milliseconds_are_exact(moment: datetime) -> None:
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    assert from_ms(to_ms(whole)) == whole


def test_other_zones_name_the_same_instant() -> None:
    tokyo = datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=9)))

    assert timeframe_named("1w").floor(tokyo) == datetime(2026, 1, 5, tzinfo=UTC)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="must be aware"):
        to_ms(datetime(2026, 1, 5))  # noqa: DTZ001 (that is what is refused)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="one of 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w, got '2h'"):
        timeframe_named("2h")


def test_timeframes_sort_by_length() -> None:
    assert sorted(TIMEFRAMES.values()) == list(TIMEFRAMES.values())
