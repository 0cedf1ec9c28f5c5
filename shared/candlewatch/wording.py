"""Numbers as sentences say them."""

from __future__ import annotations

from typing import Final

_LONG: Final = 1e15
"""From here on a number is written by its power of ten."""


def counted(number: int, noun: str) -> str:
    """Return how many there are: `no values`, `1 value`, `2 values`, `2 matches`.

    Args:
        number: how many.
        noun: of one of them; it takes an s, or es where it ends in ch.
    """
    ending = "" if number == 1 else "es" if noun.endswith("ch") else "s"
    return f"{f'{number:,}' if number else 'no'} {noun}{ending}"


def written(number: float) -> str:
    """Return a finite number as people write it: `14`, `14.5`, `1,000,000,000`, `1e+30`."""
    if number == int(number) and abs(number) < _LONG:
        return f"{int(number):,}"
    return f"{number:,}" if abs(number) < _LONG else f"{number:g}"
