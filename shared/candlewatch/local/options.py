"""What a stack is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from candlewatch.local.market import MarketChoice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from candlewatch.local.installation import Installation


@dataclass(frozen=True)
class StackOptions:
    """What a stack is started with.

    Attributes:
        market: live, simulated or replay.
        choice: file and speed of a market that is not live.
        port: the gateway listens there; 0 for the default port or, when taken, any free one.
        settings: server settings of Postgres.
        functions: folder of the functions; the project's own without it.
        installation: programs of Postgres; the embedded ones without it.
        start: market time of a replay's start.
        exchange_arguments: more arguments of `candlewatch exchange`.
    """

    market: str
    choice: MarketChoice = field(default_factory=MarketChoice)
    port: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    functions: Path | None = None
    installation: Installation | None = None
    start: datetime | None = None
    exchange_arguments: tuple[str, ...] = ()
