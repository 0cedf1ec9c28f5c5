"""Fault scripts as data: which request goes wrong, how often, and in what way.

A script is a list of rules in JSON, for instance

    [{"fault": "status", "status": 429, "retry_after": 5, "endpoint": "klines", "times": 1},
     {"fault": "late", "symbol": "ETHUSDT", "seconds": 4}]

Every rule counts how often it fired, which proves that a rehearsal rehearsed something.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (pydantic reads the annotation)
from typing import TYPE_CHECKING, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from candlewatch.errors import SetupError
from candlewatch.timeframes import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RowFault = Literal[
    "late", "missing", "gap", "misaligned", "revised", "negative", "zero", "nan", "infinity",
    "overflow", "absurd", "high_below_low", "duplicate", "unsorted", "extra_column",
    "missing_column", "numbers", "wrong_close_time", "future",
]  # fmt: skip
AnswerFault = Literal["status", "delay", "drip", "truncate", "reset", "body", "bomb", "weight"]
SymbolFault = Literal["symbol_status", "renamed"]

ROW_FAULTS: Final = get_args(RowFault)
"""Faults of the candles in an answer."""

SYMBOL_FAULTS: Final = get_args(SymbolFault)
"""Faults of a symbol, which hold for every request between `after` and `until`."""


class Rule(BaseModel):
    """One fault.

    Attributes:
        fault: what goes wrong.
        endpoint: `klines`, `exchangeInfo`, `ticker/24hr`, `time` or `*`.
        symbol: of the question, `*` for any.
        interval: of the question, `*` for any.
        skip: requests that match and are answered well first.
        times: how often it fires at most, without end where left out.
        after: market time from which it fires.
        until: market time from which it does not fire any more.
        status: of HTTP (`status`).
        code: the exchange's error code in the body.
        retry_after: seconds in the header of that name.
        seconds: of a delay; of lateness; after which a candle is revised; that the clock is ahead.
        factor: by which prices are wrong (`revised`, `absurd`).
        text: body (`body`), new name (`renamed`), HALT, BREAK or DELISTED (`symbol_status`),
            weight in the header (`weight`).
    """

    model_config = ConfigDict(extra="forbid")

    fault: RowFault | AnswerFault | SymbolFault | Literal["clock"]
    endpoint: str = "*"
    symbol: str = "*"
    interval: str = "*"
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    after: datetime | None = None
    until: datetime | None = None
    status: int = 503
    code: int = -1003
    retry_after: int | None = None
    seconds: float = 1.0
    factor: float = 1.01
    text: str = ""
    seen: int = 0
    fired: int = 0

    def fires(self, endpoint: str, query: Mapping[str, str], now_ms: int) -> bool:
        """Tell whether this request goes wrong, and count it."""
        asked = (endpoint, query.get("symbol", ""), query.get("interval", ""))
        wanted = (self.endpoint, self.symbol, self.interval)
        if any(want not in {"*", have} for want, have in zip(wanted, asked, strict=True)):
            return False
        if not self._due(now_ms):
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True

    def holds(self, now_ms: int) -> bool:
        """Tell whether a fault of a symbol holds now, and count it."""
        due = self._due(now_ms)
        self.fired += due
        return due

    def _due(self, now_ms: int) -> bool:
        return (self.after is None or now_ms >= to_ms(self.after)) and (
            self.until is None or now_ms < to_ms(self.until)
        )


_RULES: Final = TypeAdapter(list[Rule])


def read_rules(text: str | bytes) -> list[Rule]:
    """Read a script.

    Raises:
        SetupError: it is none; the message names the rule and the field.
    """
    try:
        return _RULES.validate_json(text)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SetupError(
            f"the fault script is wrong at {place or 'its start'}: {first['msg']}"
        ) from exc


def read_script(path: Path) -> list[Rule]:
    """Read a script from a file.

    Raises:
        SetupError: the file cannot be read or is no script.
    """
    try:
        return read_rules(path.read_bytes())
    except OSError as exc:
        raise SetupError(f"the fault script {path} cannot be read: {exc.strerror}") from exc
