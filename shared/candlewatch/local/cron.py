"""When a cron schedule is due: five fields in UTC, a nickname, or `N seconds`.

Source: crontab(5); github.com/citusdata/pg_cron, README, for `N seconds` and `$` (last day of the
month).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_INTERVAL: Final = re.compile(r"(\d+)\s+seconds?", re.IGNORECASE)
_NICKNAMES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS: Final = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())  # noqa: SIM905
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final[tuple[tuple[int, int, tuple[str, ...]], ...]] = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 7, _DAYS),
)
_LAST_DAY: Final = 0
"""Stands for `$` among the days of a month, where no other 0 can be."""


@dataclass(frozen=True)
class Interval:
    """Due `seconds` after the last start."""

    seconds: int


@dataclass(frozen=True)
class Calendar:
    """Due in every minute that all fields allow.

    When both the day of the month and the day of the week are restricted, either one is enough.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def allows(self, moment: datetime) -> bool:
        """Whether the minute of `moment` (UTC) is one to run in."""
        if moment.minute not in self.minutes or moment.hour not in self.hours:
            return False
        return moment.month in self.months and self._allows_day(moment)

    def _allows_day(self, moment: datetime) -> bool:
        last = (moment + timedelta(days=1)).month != moment.month
        by_day = moment.day in self.days or (last and _LAST_DAY in self.days)
        by_weekday = moment.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


def parse_schedule(text: str) -> Interval | Calendar:
    """Read a schedule.

    Raises:
        ValueError: it is none.
    """
    text = text.strip()
    if interval := _INTERVAL.fullmatch(text):
        return Interval(int(interval[1]))
    fields = _NICKNAMES.get(text.lower(), text).lower().split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"a schedule has five fields or is 'N seconds', got {text!r}")
    values = [_values(part, *limits) for part, limits in zip(fields, _FIELDS, strict=True)]
    weekdays = frozenset(day % 7 for day in values[4])
    return Calendar(
        values[0], values[1], values[2], values[3], weekdays, fields[2] == "*", fields[4] == "*"
    )


def _values(text: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    return frozenset(
        value for part in text.split(",") for value in _part_values(part, low, high, names)
    )


def _part_values(part: str, low: int, high: int, names: tuple[str, ...]) -> range:
    if part == "$":
        return range(_LAST_DAY, _LAST_DAY + 1)
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    start = low if span == "*" else _number(first, low, high, names)
    end = _number(last, low, high, names) if dash else high if span == "*" or slash else start
    if start > end or (slash and (not step.isdecimal() or int(step) < 1)):
        raise ValueError(f"a field of a schedule must be a number, range or step, got {part!r}")
    return range(start, end + 1, int(step) if slash else 1)


def _number(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    value = names.index(text) + low if text in names else int(text) if text.isdecimal() else -1
    if not low <= value <= high:
        raise ValueError(f"a field of a schedule must be {low} to {high}, got {text!r}")
    return value
