"""Which symbols are watched: by the exchange's status and by traded volume, not by their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from candlewatch.runs.tasks import Task, TaskDatabase, TaskPutOff, answers, work_off
from candlewatch.settings import (
    LISTINGS_SECONDS,
    UNIVERSE_QUOTES,
    UNIVERSE_SLACK,
    UNIVERSE_SYMBOLS,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from candlewatch.exchange.protocol import Exchange, Listing
    from candlewatch.runs.deadline import Deadline


class UniverseDatabase(TaskDatabase, Protocol):
    """The worker functions that a refresh calls."""

    def load_symbols(self) -> dict[str, Any]:
        """Return the symbols by position."""

    def store_symbols(self, symbols: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Store the list."""

    def complete_task(self, token: UUID, task: int, result: Mapping[str, Any]) -> dict[str, Any]:
        """End a task."""


@dataclass(frozen=True)
class Selection:
    """What is watched.

    Attributes:
        quotes: quote assets.
        count: symbols at most, by traded volume; known ones stay a little longer.
    """

    quotes: tuple[str, ...] = UNIVERSE_QUOTES
    count: int = UNIVERSE_SYMBOLS


def run_universe(
    database: UniverseDatabase,
    exchange: Exchange,
    worker: str,
    deadline: Deadline,
    selection: Selection | None = None,
) -> dict[str, int]:
    """Refresh the list of symbols.

    Args:
        database: the worker functions.
        exchange: where the list comes from.
        worker: who claims.
        deadline: nothing is claimed after it.
        selection: what is watched.

    Returns:
        Counts of tasks, of symbols that are watched, and of those that are not traded now.
    """
    chosen = selection or Selection()

    def refresh(task: Task) -> dict[str, int]:
        seconds = max(1.0, min(LISTINGS_SECONDS, deadline.left()))
        listings = exchange.listings(seconds)
        volumes = exchange.quote_volumes(seconds)
        known = {item["symbol"] for item in database.load_symbols()["symbols"] if item["trading"]}
        symbols = select(listings, volumes, known, chosen)
        if not any(item["trading"] for item in symbols):
            raise TaskPutOff("the exchange lists no symbol that trades and is watched", None)
        database.store_symbols(symbols)
        trading = sum(item["trading"] for item in symbols)
        counts = {"symbols": trading, "not_trading": len(symbols) - trading}
        database.complete_task(task.token, task.id, counts)
        return counts

    if not answers(exchange):
        return {"tasks": 0, "exchange_closed": 1}
    return work_off(database, worker, "universe", deadline, refresh)


def select(
    listings: Sequence[Listing],
    volumes: Mapping[str, float],
    known: Collection[str],
    selection: Selection,
) -> list[dict[str, Any]]:
    """Choose the symbols that are watched, the most traded first, as `store_symbols` takes them.

    Args:
        listings: of the exchange.
        volumes: traded in 24 hours, in the quote asset, by symbol.
        known: symbols that are watched already.
        selection: what is watched.
    """
    candidates = [item for item in listings if item.quote_asset in selection.quotes]
    candidates.sort(key=lambda item: (-volumes.get(item.symbol, 0.0), item.symbol))
    place, watched = 0, []
    for item in candidates:
        place += item.trading
        limit = selection.count * (UNIVERSE_SLACK if item.symbol in known else 1.0)
        if item.symbol in known or (item.trading and place <= limit):
            watched.append(
                {
                    "symbol": item.symbol,
                    "base_asset": item.base_asset,
                    "quote_asset": item.quote_asset,
                    "trading": item.trading and place <= limit,
                    "quote_volume": volumes.get(item.symbol, 0.0),
                }
            )
    return watched
