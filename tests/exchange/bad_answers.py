"""Answers to a question for six 5m candles of which nothing may be used, by what is wrong."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, Final

from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Callable

FIVE: Final = TIMEFRAMES["5m"]
FIRST: Final = 5_908_704
LAST: Final = FIRST + 5


def good_rows() -> list[list[Any]]:
    """Return six rows as the exchange writes them."""
    return [
        [
            number * FIVE.ms,
            f"{100 + i}.00000000", f"{103 + i}.50000000",
            f"{99 + i}.25000000", f"{101 + i}.00000000",
            "12.50000000", number * FIVE.ms + FIVE.ms - 1, "1250.00000000", 31,
            "6.25000000", "625.00000000", "0",
        ]
        for i, number in enumerate(range(FIRST, LAST + 1))
    ]  # fmt: skip


def written(rows: object) -> bytes:
    return json.dumps(rows, separators=(",", ":")).encode()


def with_cell(column: int, value: object) -> bytes:
    """Return the rows with one cell of the fourth replaced."""
    rows = good_rows()
    rows[3][column] = value
    return written(rows)


def changed(change: Callable[[list[list[Any]]], object]) -> bytes:
    rows = good_rows()
    change(rows)
    return written(rows)


def shifted(ms: int) -> bytes:
    rows = good_rows()
    for row in rows:
        row[0] += ms
        row[6] += ms
    return written(rows)


GOOD: Final = written(good_rows())

BAD_ANSWERS: Final[dict[str, bytes]] = {
    "empty body": b"",
    "truncated": GOOD[: len(GOOD) // 2],
    "cut before the last bracket": GOOD[:-1],
    "something after the end": GOOD + b"]",
    "html": b"<html><body>403 Forbidden</body></html>",
    "html maintenance page": b"<!DOCTYPE html><title>System upgrade</title>",
    "null": b"null",
    "a number": b"1",
    "a string": b'"ok"',
    "an object": b"{}",
    "an error with status 200": b'{"code":-1003,"msg":"Too many requests."}',
    "rows in an object": b'{"data":' + GOOD + b"}",
    "a list of numbers": b"[1,2,3]",
    "a list of objects": b'[{"open":"1"}]',
    "one column too few": written([row[:-1] for row in good_rows()]),
    "one column too many": written([[*row, "0"] for row in good_rows()]),
    "one row too short": changed(lambda rows: rows[2].pop()),
    "not UTF-8": GOOD.replace(b"0", b"\xff", 1),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "NUL bytes": b"\x00" * 100,
    "still compressed": gzip.compress(GOOD),
    "deeply nested": b"[" * 100_000,
    "deeply nested and closed": b"[" * 5_000 + b"]" * 5_000,
    "NaN as a number": GOOD.replace(b'"12.50000000"', b"NaN", 1),
    "Infinity as a number": GOOD.replace(b'"12.50000000"', b"Infinity", 1),
    "price as a number": with_cell(4, 104.0),
    "price is null": with_cell(4, None),
    "price is true": with_cell(4, value=True),
    "price is a list": with_cell(4, ["104"]),
    "price is NaN": with_cell(4, "NaN"),
    "price is nan": with_cell(4, "nan"),
    "price is Infinity": with_cell(4, "Infinity"),
    "price is -Infinity": with_cell(4, "-Infinity"),
    "price is 1e400": with_cell(4, "1e400"),
    "price with an exponent": with_cell(4, "1.04e2"),
    "price of four hundred digits": with_cell(2, "9" * 400),
    "price is empty": with_cell(4, ""),
    "price is a point": with_cell(4, "."),
    "price with two points": with_cell(4, "1.0.4"),
    "price with a comma": with_cell(4, "104,00"),
    "price with an underscore": with_cell(4, "10_4"),
    "price with a blank": with_cell(4, " 104"),
    "price with a plus": with_cell(4, "+104"),
    "price in other digits": with_cell(4, "١٠٤"),
    "price in hexadecimal": with_cell(4, "0x68"),
    "price is negative": with_cell(4, "-104.00000000"),
    "price is zero": with_cell(4, "0.00000000"),
    "low is zero": with_cell(3, "0.00000000"),
    "volume is negative": with_cell(5, "-1.00000000"),
    "quote volume is NaN": with_cell(7, "NaN"),
    "taker volume is a word": with_cell(9, "many"),
    "high below close": with_cell(2, "103.90000000"),
    "low above open": with_cell(3, "103.10000000"),
    "a thousandfold price": changed(
        lambda rows: rows[3].__setitem__(
            slice(1, 5), [f"{float(v) * 1000:.8f}" for v in rows[3][1:5]]
        )
    ),
    "open time as a string": with_cell(0, str((FIRST + 3) * FIVE.ms)),
    "open time as a fraction": with_cell(0, (FIRST + 3) * FIVE.ms + 0.5),
    "open time in seconds": with_cell(0, (FIRST + 3) * FIVE.ms // 1000),
    "open time in microseconds": with_cell(0, (FIRST + 3) * FIVE.ms * 1000),
    "open time is negative": with_cell(0, -(FIRST + 3) * FIVE.ms),
    "open time is true": with_cell(0, value=True),
    "open time beyond 64 bits": with_cell(0, 2**70),
    "open time of four thousand digits": GOOD.replace(b"[[", b"[[" + b"9" * 4_000, 1),
    "open time off the grid": with_cell(0, (FIRST + 3) * FIVE.ms + 1000),
    "all open times off the grid": shifted(28 * 60_000 + 15_000),
    "close time of another length": with_cell(6, (FIRST + 3) * FIVE.ms + FIVE.ms),
    "close time before open": with_cell(6, 0),
    "trades as a string": with_cell(8, "31"),
    "trades are negative": with_cell(8, -1),
    "the same candle twice": changed(lambda rows: rows.insert(3, rows[3])),
    "newest first": written(good_rows()[::-1]),
    "two candles swapped": changed(lambda rows: rows.insert(2, rows.pop(3))),
    "earlier candles": shifted(-FIVE.ms),
    "candles of tomorrow": shifted(24 * 60 * 60_000),
    "candles of another timeframe": written(
        [[*row[:6], row[0] + 60_000 - 1, *row[7:]] for row in good_rows()]
    ),
    "more rows than the exchange gives": written(good_rows() * 200),
}
