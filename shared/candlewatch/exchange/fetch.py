"""Candles of many symbols at once, in a bounded pool of threads; one bad symbol harms no other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from candlewatch.errors import ExchangeError, ExchangeForbidden, ExchangeThrottled
from candlewatch.settings import FETCH_THREADS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from candlewatch.exchange.protocol import Candles, Exchange
    from candlewatch.timeframes import Timeframe


@dataclass
class Fetched:
    """What came and what did not, by symbol.

    Attributes:
        candles: validated; the newest may still be open.
        failed: why a symbol has no answer.
        closed: the refusal that ended the round, where the exchange wants no more calls.
    """

    candles: dict[str, Candles] = field(default_factory=dict)
    failed: dict[str, ExchangeError] = field(default_factory=dict)
    closed: ExchangeError | None = None


def fetch_candles(
    exchange: Exchange,
    symbols: Iterable[str],
    timeframe: Timeframe,
    span: tuple[int, int],
    *,
    seconds: float,
    history: bool = False,
    threads: int = FETCH_THREADS,
) -> Fetched:
    """Fetch the same candles of many symbols.

    Args:
        exchange: safe to call from several threads.
        symbols: each once.
        timeframe: of the candles.
        span: numbers of the first and the last candle, at most 1,000.
        seconds: for each symbol's call, attempts included.
        history: it can wait: a share of the minute's weight is left to closes.
        threads: calls in flight at most.
    """
    fetched = Fetched()

    def fetch(symbol: str) -> tuple[str, Candles | ExchangeError]:
        if fetched.closed is not None:
            return symbol, fetched.closed
        try:
            return symbol, exchange.candles(symbol, timeframe, *span, seconds, history=history)
        except (ExchangeThrottled, ExchangeForbidden) as error:
            fetched.closed = error
            return symbol, error
        except ExchangeError as error:
            return symbol, error

    names = list(symbols)
    with ThreadPoolExecutor(max(1, min(threads, len(names)))) as pool:
        for symbol, result in pool.map(fetch, names):
            if isinstance(result, ExchangeError):
                fetched.failed[symbol] = result
            else:
                fetched.candles[symbol] = result
    return fetched
