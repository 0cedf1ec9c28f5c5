"""Answers of an exchange, spoiled at random: each is rejected whole, or all of it is sound."""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from tests.exchange.bad_answers import BAD_ANSWERS, FIRST, FIVE, GOOD, LAST, good_rows, written

from candlewatch.errors import ExchangeAnswerInvalid
from candlewatch.exchange.payload import (
    read_error,
    read_klines,
    read_listings,
    read_quote_volumes,
    read_time,
)

_CELLS: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 2**63, 2**64, 1.5, "", "0", "-0", "NaN", "inf", "1e5", "1e-5", "99", "1_0",
    " 1", "\uff11\uff12", "0.00000001", "9" * 30, "9" * 400, "0x1", [], {}, "\u00e9", "\u0000",
    FIRST * FIVE.ms,
)  # fmt: skip


@dataclass
class Report:
    """What came out.

    Attributes:
        accepted: answers that were read.
        rejected: answers that were rejected.
    """

    accepted: int = 0
    rejected: int = 0


def run(count: int, seed: int) -> Report:
    """Read so many spoiled answers.

    Raises:
        AssertionError: an answer was accepted that is not sound; the message has the seed.
        Exception: any error but our own that reading raised.
    """
    chance, report = random.Random(seed), Report()
    for number in range(count):
        body = spoiled(chance)
        try:
            candles = read_klines(body, FIVE, FIRST, LAST)
        except ExchangeAnswerInvalid:
            report.rejected += 1
        else:
            report.accepted += 1
            assert is_sound(body, candles.values.T.tolist()), (seed, number, body)
        if number % 10 == 0:
            read_elsewhere(body)
    return report


def spoiled(chance: random.Random) -> bytes:
    """Return an answer with something between nothing and everything wrong."""
    kind = chance.randrange(6)
    if kind == 0:
        return cells(chance)
    if kind == 1:
        return damaged(chance, GOOD)
    if kind == 2:
        return damaged(chance, chance.choice(list(BAD_ANSWERS.values()))[:4_000])
    if kind == 3:
        return chance.randbytes(chance.randrange(200))
    if kind == 4:
        return rows_moved(chance)
    return nudged(chance)


def cells(chance: random.Random) -> bytes:
    """Replace one or two cells by odd values."""
    rows = good_rows()
    for _ in range(chance.randint(1, 2)):
        rows[chance.randrange(6)][chance.randrange(12)] = chance.choice(_CELLS)
    return written(rows)


def damaged(chance: random.Random, body: bytes) -> bytes:
    """Cut, double or overwrite bytes."""
    data = bytearray(body or b"[]")
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(data) + 1)
        length = chance.randrange(12)
        if chance.random() < 0.5:
            del data[place : place + length]
        else:
            data[place:place] = chance.choice([chance.randbytes(length), bytes(data[:length])])
    return bytes(data)


def rows_moved(chance: random.Random) -> bytes:
    """Drop, double or reorder rows."""
    rows = good_rows()
    chosen = [chance.choice(rows) for _ in range(chance.randrange(8))]
    return written(sorted(chosen, key=lambda row: row[0]) if chance.random() < 0.6 else chosen)


def nudged(chance: random.Random) -> bytes:
    """Change prices a little or a lot; often still sound."""
    rows = good_rows()
    for row in rows:
        column = chance.randint(1, 5)
        row[column] = f"{float(row[column]) * chance.choice([0.5, 0.999, 1, 1, 1.001, 3]):.8f}"
    return written(rows)


def is_sound(body: bytes, values: list[list[float]]) -> bool:
    """Judge accepted candles by the words of the rules, one after the other, from the JSON."""
    rows = json.loads(body)
    numbers = [row[0] // FIVE.ms for row in rows]
    in_order = all(a < b for a, b in pairwise(numbers))
    inside = all(FIRST <= number <= LAST for number in numbers)
    return (
        in_order
        and inside
        and len(rows) == len(values)
        and all(map(_candle_is_sound, rows, values))
    )


def _candle_is_sound(row: list[Any], values: list[float]) -> bool:
    opens, high, low, close, volume, quote = values
    return (
        len(row) == 12
        and row[0] % FIVE.ms == 0
        and row[6] == row[0] + FIVE.ms - 1
        and [float(row[i]) for i in (1, 2, 3, 4, 5, 7)] == values
        and all(math.isfinite(value) for value in values)
        and 0 < low <= min(opens, close)
        and max(opens, close) <= high
        and volume >= 0
        and quote >= 0
    )


def read_elsewhere(body: bytes) -> None:
    """Read it as every other answer: only our own error may come of it."""
    read_error(body)
    for read in (read_time, read_listings, read_quote_volumes):
        try:
            read(body)
        except ExchangeAnswerInvalid:
            continue


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; an answer that breaks the promise ends it with its seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100_000)
    chosen = parser.parse_args(arguments)
    print(run(chosen.count, chosen.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
