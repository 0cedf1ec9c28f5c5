"""Signals as lines for people: trader, symbol, timeframe, candle, price and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

_COLUMNS: Final = """
select signal.transaction_id::text, signal.id, trader.name, signal.symbol, signal.timeframe,
  signal.candle_at, signal.price, signal."values", signal.shadow
from public.signals as signal
join public.traders as trader on trader.id = signal.trader_id
"""
_LAST: Final = f"{_COLUMNS} order by signal.candle_at desc, signal.id desc limit %s"
_AFTER: Final = (
    f"{_COLUMNS} where (signal.transaction_id, signal.id) > (%s::xid8, %s) "
    "and signal.transaction_id < pg_snapshot_xmin(pg_current_snapshot()) "
    "order by signal.transaction_id, signal.id limit %s"
)
_ALL: Final = (
    f"{_COLUMNS} where signal.candle_at + candlewatch.candle_length(signal.timeframe) = %s "
    "order by trader.name, signal.timeframe, signal.symbol"
)
_HEADER: Final = ("trader", "symbol", "timeframe", "candle", "price", "values")
_VALUES_SHOWN: Final = 4


@dataclass(frozen=True)
class SignalRow:
    """A signal as it is shown."""

    transaction_id: str
    id: int
    trader: str
    symbol: str
    timeframe: str
    candle_at: datetime
    price: float | None
    values: dict[str, Any]
    shadow: bool

    @property
    def cursor(self) -> tuple[str, int]:
        """Where a reader stands that has seen this signal and all before it."""
        return self.transaction_id, self.id

    def cells(self) -> tuple[str, str, str, str, str, str]:
        """Return the cells of its line; what was made in shadow says so at its end."""
        values = [f"{name}={_number(value)}" for name, value in self.values.items()]
        rest = len(values) - _VALUES_SHOWN
        shown = values[:_VALUES_SHOWN]
        shown += [f"(+{rest})"] if rest > 0 else []
        shown += ["(shadow)"] if self.shadow else []
        return (
            self.trader,
            self.symbol,
            self.timeframe,
            f"{self.candle_at:%Y-%m-%d %H:%M}",
            _number(self.price),
            " ".join(shown),
        )


def last_signals(connection: psycopg.Connection, limit: int) -> list[SignalRow]:
    """Return the newest signals, oldest of them first."""
    rows = connection.execute(_LAST.encode(), [limit]).fetchall()
    return [SignalRow(*row) for row in reversed(rows)]


def signals_after(
    connection: psycopg.Connection, cursor: tuple[str, int], limit: int
) -> list[SignalRow]:
    """Return the signals after a cursor, in an order in which none is missed by committing late."""
    rows = connection.execute(_AFTER.encode(), [*cursor, limit])
    return [SignalRow(*row) for row in rows]


def signals_of_close(connection: psycopg.Connection, closes_at: datetime) -> list[SignalRow]:
    """Return all signals of the candles that closed at an instant, always in one order."""
    return [SignalRow(*row) for row in connection.execute(_ALL.encode(), [closes_at])]


def table_of(signals: list[SignalRow]) -> str:
    """Return a table of signals, every column as wide as its widest cell."""
    lines = [_HEADER, *(signal.cells() for signal in signals)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.8g}"
    return "-" if value is None else str(value)
