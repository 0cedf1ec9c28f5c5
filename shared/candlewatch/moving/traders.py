"""Another screener's traders in our words: whole, or refused with a sentence for each problem."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from candlewatch.errors import FilterRefused
from candlewatch.filters import compile_filter
from candlewatch.moving.records import Record, Refusal, named_fields
from candlewatch.moving.words import (
    UntranslatableError,
    catch_up_of,
    cooldown_of,
    emit_of,
    switch_of,
    timeframe_of,
    universe_of,
    universe_of_symbols,
)
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from candlewatch.timeframes import Timeframe

NAMES: Final[dict[str, str]] = {
    **dict.fromkeys(("name", "title"), "name"),
    **dict.fromkeys(("key", "id", "external_key"), "key"),
    **dict.fromkeys(("filter", "condition"), "filter"),
    **dict.fromkeys(("timeframe", "interval"), "timeframe"),
    **dict.fromkeys(("symbols", "pairs", "tickers"), "symbols"),
    "universe": "universe",
    **dict.fromkeys(("enabled", "active"), "enabled"),
    "emit": "emit",
    **dict.fromkeys(("cooldown", "cooldown_candles"), "cooldown"),
    **dict.fromkeys(("catch_up", "catch_up_candles"), "catch_up"),
}
"""Heading in a file to our name of the field."""

Value = TypeVar("Value")

_NAME_CHARACTERS: Final = 100
_KEY_CHARACTERS: Final = 200
_DEFAULT_TIMEFRAME: Final = "5m"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A trader as it is to be: the columns of `public.traders` that people write."""

    name: str
    filter: str
    timeframe: str
    universe: dict[str, Any]
    enabled: bool
    emit: str
    cooldown_candles: int
    catch_up_candles: int
    external_key: str

    def row(self) -> dict[str, Any]:
        """Return it as the API takes it."""
        return asdict(self)


@dataclass(frozen=True)
class Translation:
    """What became of a file.

    Attributes:
        wishes: with their places, in the file's order; no key twice.
        refusals: what could not be translated; its record has no wish.
    """

    wishes: list[tuple[str, Wish]]
    refusals: list[Refusal]


def translate_traders(records: Iterable[Record], ignored: Iterable[str] = ()) -> Translation:
    """Translate the records of a file.

    Args:
        records: of a file of traders.
        ignored: headings that are passed over.
    """
    wishes: list[tuple[str, Wish]] = []
    refusals: list[Refusal] = []
    places: dict[str, str] = {}
    for record in records:
        wish, problems = _Reading(record, ignored).finish()
        if wish is not None and wish.external_key in places:
            reason = (
                f"{wish.external_key!r} stands at {places[wish.external_key]} already; give each "
                "trader a key of its own in the column key"
            )
            problems = [Refusal(record.place, "key", reason)]
        refusals += problems
        if wish is not None and not problems:
            places[wish.external_key] = record.place
            wishes.append((record.place, wish))
    return Translation(wishes, refusals)


class _Reading:
    """Reads one record and collects its problems."""

    def __init__(self, record: Record, ignored: Iterable[str]) -> None:
        self._place = record.place
        self._fields, self._refusals = named_fields(record, NAMES, ignored)

    def finish(self) -> tuple[Wish | None, list[Refusal]]:
        """Return the trader, unless anything of it is refused."""
        timeframe = self._read("timeframe", timeframe_of, TIMEFRAMES[_DEFAULT_TIMEFRAME])
        name = self._text("name", _NAME_CHARACTERS)
        wish = Wish(
            name=name,
            filter=self._filter(timeframe),
            timeframe=timeframe.name,
            universe=self._universe(),
            enabled=self._read("enabled", switch_of, default=True),
            emit=self._read("emit", emit_of, "on_entry"),
            cooldown_candles=self._read("cooldown", lambda value: cooldown_of(value, timeframe), 0),
            catch_up_candles=self._read("catch_up", lambda value: catch_up_of(value, timeframe), 0),
            external_key=self._text("key", _KEY_CHARACTERS, name),
        )
        return (None if self._refusals else wish), self._refusals

    def _refuse(self, field: str, reason: str) -> None:
        self._refusals.append(Refusal(self._place, field, reason))

    def _read(self, field: str, read: Callable[[object], Value], default: Value) -> Value:
        if field not in self._fields:
            return default
        try:
            return read(self._fields[field])
        except UntranslatableError as problem:
            self._refuse(field, str(problem))
            return default

    def _text(self, field: str, longest: int, default: str = "") -> str:
        text = str(self._fields.get(field, default)).strip()
        if field == "name" and not text:
            self._refuse(field, "a trader needs a name; write one")
        elif len(text) > longest:
            self._refuse(field, f"it has at most {longest} characters, got {len(text)}; shorten it")
        return text

    def _filter(self, timeframe: Timeframe) -> str:
        text = str(self._fields.get("filter", ""))
        if not text.strip():
            self._refuse("filter", "a trader needs a condition such as rsi(close, 14) < 30")
            return text
        try:
            compile_filter(text, timeframe)
        except FilterRefused as refused:
            for problem in refused.problems:
                self._refuse("filter", f"{problem}; write it in the language of docs/filters.md")
        return text

    def _universe(self) -> dict[str, Any]:
        if "symbols" in self._fields and "universe" in self._fields:
            self._refuse("universe", "symbols are given as well; keep one of the two")
        universe: dict[str, Any] = self._read("universe", universe_of, {})
        return self._read("symbols", universe_of_symbols, universe)
