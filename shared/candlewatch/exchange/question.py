"""What is asked, of which source, and in what surroundings."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from candlewatch.exchange.budget import Permits

T = TypeVar("T")


@dataclass(frozen=True)
class Question(Generic[T]):
    """One call as it is asked.

    Attributes:
        path: of the endpoint.
        parameters: of the query.
        weight: that the exchange counts for it.
        limit_bytes: of the answer.
        parse: from the body to a value.
        history: it can wait: a share of the minute's weight is left to closes.
    """

    path: str
    parameters: dict[str, str | int]
    weight: int
    limit_bytes: int
    parse: Callable[[bytes], T]
    history: bool = False


@dataclass
class Source:
    """One base address, its permits, and how many calls in a row it failed."""

    address: str
    permits: Permits
    failures: int = 0


@dataclass(frozen=True)
class Surroundings:
    """What a client takes from its surroundings; a test replaces it."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
