"""Show how far a long run is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BAR_WIDTH: Final = 40
SECONDS_BETWEEN_LINES: Final = 10.0
SECONDS_BETWEEN_BARS: Final = 0.2


def shown(items: Iterable[int], count: int, title: str) -> Iterator[int]:
    """Yield the items while showing how many of `count` are done."""
    terminal = sys.stderr.isatty()
    pause = SECONDS_BETWEEN_BARS if terminal else SECONDS_BETWEEN_LINES
    started = shown_at = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - shown_at >= pause or done == count:
            shown_at = now
            _show(title, done, count, now - started, terminal=terminal)
    if terminal:
        sys.stderr.write("\n")


def _show(title: str, done: int, count: int, seconds: float, *, terminal: bool) -> None:
    rate = done / seconds if seconds else 0.0
    words = f"{title} {done:,}/{count:,} ({rate:,.0f}/s)"
    if terminal:
        filled = BAR_WIDTH * done // max(count, 1)
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {words} ")
    else:
        sys.stderr.write(words + "\n")
    sys.stderr.flush()
