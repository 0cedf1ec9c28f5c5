"""Which signals another system gave and we did not, and the other way round.

1. `read_signals`  the other system's signals become (trader, symbol, timeframe, candle), each once
2. `compare`       ours of the same traders and the same period are put beside them

A trader is known by its external key, else by its name. What is compared are the traders that have
a key or are named by the file: what was only ever made here is nobody's to miss.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from candlewatch.moving.records import Record, Refusal, named_fields
from candlewatch.moving.words import UntranslatableError, symbol_of, timeframe_of
from candlewatch.timeframes import from_ms, timeframe_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from candlewatch.timeframes import Timeframe

NAMES: Final[dict[str, str]] = {
    **dict.fromkeys(("trader", "trader_id", "key", "name"), "trader"),
    **dict.fromkeys(("symbol", "pair", "ticker"), "symbol"),
    **dict.fromkeys(("timeframe", "interval"), "timeframe"),
    **dict.fromkeys(("candle", "candle_at", "time", "timestamp"), "candle"),
}
"""Heading in a file to our name of the field."""

TIMES: Final = ("open", "close")
"""What a file's time is: the candle's open time, or a time from its close on."""

_MILLISECONDS_FROM: Final = 100_000_000_000
"""A number that is at least this is milliseconds: as seconds it would be the year 5138."""


class Signal(NamedTuple):
    """A signal as both systems know it; the candle is named by its open time."""

    candle_at: datetime
    trader: str
    symbol: str
    timeframe: str


@dataclass(frozen=True)
class Comparison:
    """Two systems' signals side by side, in order of time.

    Attributes:
        both: how many both gave, by trader.
        missing: what the other system gave and we did not.
        extra: what we gave and the other system did not.
    """

    both: Counter[str]
    missing: list[Signal]
    extra: list[Signal]

    @property
    def is_equal(self) -> bool:
        """Whether both gave the same."""
        return not self.missing and not self.extra


class Traders:
    """The account's traders by what a file calls them, and by their ids."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._names = Counter(row["name"] for row in rows)
        self._by_word = {row["name"]: row for row in rows if self._names[row["name"]] == 1}
        self._by_word |= {row["external_key"]: row for row in rows if row["external_key"]}
        self._labels = {row["id"]: row["external_key"] or row["name"] for row in rows}
        self._imported = {row["external_key"] for row in rows if row["external_key"]}

    def find(self, word: str) -> tuple[str, Timeframe]:
        """Return a trader's label and timeframe by its key or name."""
        if word not in self._by_word and self._names[word]:
            raise UntranslatableError(
                f"{word!r} is the name of {self._names[word]} traders; write the key of one"
            )
        if word not in self._by_word:
            raise UntranslatableError(
                f"the account has no trader {word!r}; import it first, or leave the line out"
            )
        row = self._by_word[word]
        return self._labels[row["id"]], timeframe_named(row["timeframe"])

    def signal(self, row: Mapping[str, Any]) -> Signal:
        """Return a signal of ours from its row."""
        return Signal(
            candle_at=datetime.fromisoformat(row["candle_at"]).astimezone(UTC),
            trader=self._labels.get(row["trader_id"], row["trader_id"]),
            symbol=row["symbol"],
            timeframe=row["timeframe"],
        )

    def is_compared(self, label: str, named: set[str]) -> bool:
        """Whether a trader's signals are part of a comparison."""
        return label in named or label in self._imported


def read_signals(
    records: Iterable[Record],
    traders: Traders,
    times: str = TIMES[0],
    ignored: Iterable[str] = (),
) -> tuple[list[Signal], list[Refusal]]:
    """Translate the signals of a file.

    Args:
        records: of the file.
        traders: of the account.
        times: what the file's times are, one of `TIMES`.
        ignored: headings that are passed over.

    Returns:
        The signals, each once, and a refusal for each line that is none.
    """
    signals: dict[Signal, None] = {}
    refusals = []
    for record in records:
        fields, problems = named_fields(record, NAMES, ignored)
        refusals += problems
        for field in ("trader", "symbol", "candle"):
            if field not in fields:
                refusals.append(Refusal(record.place, field, "a signal needs one; write it"))
                problems.append(refusals[-1])
        if problems:
            continue
        try:
            signals[_signal_of(fields, traders, times)] = None
        except UntranslatableError as problem:
            refusals.append(Refusal(record.place, "signal", str(problem)))
    return sorted(signals), refusals


def compare(
    theirs: Sequence[Signal],
    rows: Iterable[Mapping[str, Any]],
    traders: Traders,
    since: datetime,
    until: datetime,
) -> Comparison:
    """Put both systems' signals of candles from `since` to `until` side by side.

    Args:
        theirs: the other system's.
        rows: ours, of that period, as the API tells them.
        traders: of the account.
        since: open time of the first candle.
        until: open time of the last candle.
    """
    named = {signal.trader for signal in theirs}
    wanted = {signal for signal in theirs if since <= signal.candle_at <= until}
    ours = {
        signal for row in rows if traders.is_compared((signal := traders.signal(row)).trader, named)
    }
    return Comparison(
        both=Counter(signal.trader for signal in wanted & ours),
        missing=sorted(wanted - ours),
        extra=sorted(ours - wanted),
    )


def moment_of(value: object) -> datetime:
    """Return a time: ISO 8601 (UTC where it names no zone), or (milli)seconds since 1970."""
    text = str(value).strip()
    try:
        if text.isascii() and text.isdecimal():
            number = int(text)
            return from_ms(number if number >= _MILLISECONDS_FROM else number * 1_000)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UntranslatableError(
            f"{value!r} is no time such as 2026-01-31T12:05:00Z; write it so"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _signal_of(fields: Mapping[str, Any], traders: Traders, times: str) -> Signal:
    label, own = traders.find(str(fields["trader"]))
    timeframe = timeframe_of(fields["timeframe"]) if "timeframe" in fields else own
    moment = moment_of(fields["candle"])
    candle_at = timeframe.floor(moment) if times == "open" else timeframe.last_closed(moment)
    if times == "open" and candle_at != moment:
        raise UntranslatableError(
            f"{fields['candle']!r} is no open time of a {timeframe.name} candle; write the open "
            "time, or say --times close if it is the time of the alert"
        )
    return Signal(candle_at, label, symbol_of(fields["symbol"]), timeframe.name)
