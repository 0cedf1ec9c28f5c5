"""A schedule is due in exactly the minutes, or after exactly the seconds, that it names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from candlewatch.local.cron import Calendar, Interval, parse_schedule


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"), [("5 seconds", 5), ("1 second", 1), (" 59 seconds ", 59)]
)
def test_seconds_are_an_interval(text: str, seconds: int) -> None:
    assert parse_schedule(text) == Interval(seconds)


@pytest.mark.parametrize(
    ("text", "due", "idle"),
    [
        ("* * * * *", "2026-01-05 00:00", None),
        ("*/15 * * * *", "2026-01-05 10:45", "2026-01-05 10:46"),
        ("5,10 3 * * *", "2026-01-05 03:10", "2026-01-05 04:10"),
        ("0 9-17/4 * * *", "2026-01-05 13:00", "2026-01-05 15:00"),
        ("0 0 * * mon", "2026-01-05 00:00", "2026-01-06 00:00"),
        ("0 0 * * 7", "2026-01-04 00:00", "2026-01-05 00:00"),
        ("0 0 1 jan *", "2026-01-01 00:00", "2026-02-01 00:00"),
        ("0 0 13 * fri", "2026-01-13 00:00", "2026-01-14 00:00"),
        ("0 0 13 * fri", "2026-01-09 00:00", "2026-01-08 00:00"),
        ("0 0 $ * *", "2028-02-29 00:00", "2028-02-28 00:00"),
        ("@hourly", "2026-01-05 07:00", "2026-01-05 07:01"),
        ("@weekly", "2026-01-04 00:00", "2026-01-05 00:00"),
    ],
)
def test_five_fields_name_the_minutes(text: str, due: str, idle: str | None) -> None:
    schedule = parse_schedule(text)

    assert isinstance(schedule, Calendar)
    assert schedule.allows(moment(due))
    assert idle is None or not schedule.allows(moment(idle))


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "a * * * *", "5-3 * * * *", "*/0 * * * *"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"schedule"):
        parse_schedule(text)
