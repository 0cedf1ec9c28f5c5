"""What fault scripts do to rows of candles. Each fault takes rows and returns them spoiled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from candlewatch.exchange.simulated.script import Rule

Rows = list[list[Any]]

_PRICES: Final = (1, 2, 3, 4)


def spoiled(lines: list[bytes], rules: list[Rule], now_ms: int) -> list[bytes]:
    """Apply faults to rows in the order of the rules.

    Args:
        lines: rows as JSON, oldest first.
        rules: those that fire for this request.
        now_ms: market time.
    """
    if not rules:
        return lines
    rows: Rows = [json.loads(line) for line in lines]
    for rule in rules:
        rows = _FAULTS[rule.fault](rows, rule, now_ms)
    return [json.dumps(row, separators=(",", ":")).encode() for row in rows]


def _late(rows: Rows, rule: Rule, now_ms: int) -> Rows:
    """Hide candles that closed less than some seconds ago, and the one that forms after them."""
    edge = now_ms - rule.seconds * 1000
    hidden = [row for row in rows if edge < row[6] + 1 <= now_ms]
    return [row for row in rows if row[6] < edge] if hidden else rows


def _missing(_rows: Rows, _rule: Rule, _now_ms: int) -> Rows:
    return []


def _gap(rows: Rows, _rule: Rule, _now_ms: int) -> Rows:
    """Leave out the middle candle."""
    return [row for i, row in enumerate(rows) if i != len(rows) // 2]


def _misaligned(rows: Rows, _rule: Rule, _now_ms: int) -> Rows:
    return [[row[0] + 28 * 60_000 + 15_000, *row[1:]] for row in rows]


def _revised(rows: Rows, rule: Rule, now_ms: int) -> Rows:
    """Change prices of candles that closed long enough ago; before, they are as they were."""
    edge = now_ms - rule.seconds * 1000
    return [_scaled(row, rule.factor) if row[6] < edge else row for row in rows]


def _absurd(rows: Rows, rule: Rule, _now_ms: int) -> Rows:
    return [*rows[:-1], *(_scaled(row, rule.factor) for row in rows[-1:])]


def _scaled(row: list[Any], factor: float) -> list[Any]:
    return [f"{float(v) * factor:.8f}" if i in _PRICES else v for i, v in enumerate(row)]


def _high_below_low(rows: Rows, _rule: Rule, _now_ms: int) -> Rows:
    return [
        [r[0], r[1], f"{float(r[3]) * 0.99:.8f}", f"{float(r[2]) * 1.01:.8f}", *r[4:]] for r in rows
    ]


def _price(text: str) -> Callable[[Rows, Rule, int], Rows]:
    """Return the fault that puts a text where the newest candle's close belongs."""

    def put(rows: Rows, _rule: Rule, _now_ms: int) -> Rows:
        return [*rows[:-1], *([*row[:4], text, *row[5:]] for row in rows[-1:])]

    return put


def _future(rows: Rows, _rule: Rule, _now_ms: int) -> Rows:
    """Move the newest candle a thousand candles ahead."""
    return [
        *rows[:-1],
        *([_ahead(row, 0), *row[1:6], _ahead(row, 6), *row[7:]] for row in rows[-1:]),
    ]


def _ahead(row: list[Any], column: int) -> int:
    return int(row[column] + 1000 * (row[6] + 1 - row[0]))


_FAULTS: Final[dict[str, Callable[[Rows, Rule, int], Rows]]] = {
    "late": _late,
    "missing": _missing,
    "gap": _gap,
    "misaligned": _misaligned,
    "revised": _revised,
    "absurd": _absurd,
    "high_below_low": _high_below_low,
    "negative": _price("-1.00000000"),
    "zero": _price("0.00000000"),
    "nan": _price("NaN"),
    "infinity": _price("Infinity"),
    "overflow": _price("1e400"),
    "future": _future,
    "duplicate": lambda rows, _rule, _now: [*rows, *rows[-1:]],
    "unsorted": lambda rows, _rule, _now: rows[::-1] if len(rows) > 1 else [*rows, *rows],
    "extra_column": lambda rows, _rule, _now: [[*row, "0"] for row in rows],
    "missing_column": lambda rows, _rule, _now: [row[:-1] for row in rows],
    "numbers": lambda rows, _rule, _now: [[row[0], float(row[1]), *row[2:]] for row in rows],
    "wrong_close_time": lambda rows, _rule, _now: [[*r[:6], r[6] - 1000, *r[7:]] for r in rows],
}
