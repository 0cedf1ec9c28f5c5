"""What the ingesting function does: the symbols, the closes that are due, then the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from candlewatch.exchange.asking import Asker
from candlewatch.exchange.binance import DEFAULT_SOURCE, FALLBACK_SOURCE, BinanceExchange
from candlewatch.exchange.budget import DatabaseBudget
from candlewatch.runs.backfill import BackfillDatabase, run_backfill
from candlewatch.runs.close import IngestDatabase
from candlewatch.runs.ingest import run_ingest
from candlewatch.runs.universe import UniverseDatabase, run_universe

if TYPE_CHECKING:
    from candlewatch.database import Database
    from candlewatch.exchange.protocol import Exchange
    from candlewatch.runs.deadline import Deadline
    from candlewatch.runs.environment import Environment


class MarketDatabase(IngestDatabase, BackfillDatabase, UniverseDatabase, Protocol):
    """The worker functions that the market's data need."""


def open_exchange(environment: Environment, database: Database) -> BinanceExchange:
    """Return the exchange that the environment names, on the budget that all functions share."""
    return BinanceExchange(Asker(DatabaseBudget(database), sources_of(environment)))


def sources_of(environment: Environment) -> tuple[str, ...]:
    """Return the addresses of market data, the first one asked first.

    Behind Binance's own market data address stands its main one, unless another is named.
    """
    named = (environment.exchange_url, environment.exchange_fallback_url)
    sources = tuple(str(address).rstrip("/") for address in named if address is not None)
    return (*sources, FALLBACK_SOURCE) if sources == (DEFAULT_SOURCE,) else sources


def run_market(
    database: MarketDatabase, exchange: Exchange, worker: str, deadline: Deadline
) -> dict[str, int]:
    """Refresh the symbols, publish the closes that are due, and go on with the history.

    Args:
        database: the worker functions.
        exchange: where market data come from.
        worker: who claims.
        deadline: nothing is claimed after it.

    Returns:
        The counts of the three, each name preceded by its kind.
    """
    counts = {}
    for kind, run in (
        ("universe", run_universe),
        ("ingest", run_ingest),
        ("backfill", run_backfill),
    ):
        for name, number in run(database, exchange, worker, deadline).items():
            counts[f"{kind}_{name}"] = number
    return counts
