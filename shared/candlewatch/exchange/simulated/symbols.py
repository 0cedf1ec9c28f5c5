"""The symbols of the synthetic market: the well-known names first, then made ones, by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from candlewatch.exchange.simulated.source import Symbol

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KNOWN: Final = (
    ("BTC", 64_000.0), ("ETH", 3_200.0), ("BNB", 580.0), ("SOL", 150.0), ("XRP", 0.55),
    ("DOGE", 0.12), ("ADA", 0.42), ("TRX", 0.13), ("AVAX", 28.0), ("LINK", 13.5), ("DOT", 5.9),
    ("LTC", 70.0), ("BCH", 370.0), ("NEAR", 5.2), ("UNI", 7.6), ("ATOM", 6.3), ("XLM", 0.1),
    ("ETC", 22.5), ("FIL", 4.4), ("APT", 6.9), ("ARB", 0.7), ("OP", 1.7), ("SUI", 0.8),
    ("INJ", 24.0), ("AAVE", 100.0), ("PEPE", 0.0000105), ("SHIB", 0.0000165), ("JUP", 1.05),
    ("SUPER", 0.6), ("1000SATS", 0.00027),
)  # fmt: skip
_SYLLABLES: Final = ("AL", "BO", "CA", "DE", "FI", "GO", "HY", "KA", "LU", "MI", "NO", "ZE")


@dataclass(frozen=True)
class Traits:
    """How the symbols behave; arrays by row.

    Attributes:
        prices: where the price tends to, in the quote asset.
        swings: standard deviation of a week's return.
        follows: correlation with the market as a whole, 1 for the first symbol.
        turnovers: of a usual week, in the quote asset.
        quiet: chance that nothing is traded in a minute.
        listed_weeks: number of the week in which trading started.
    """

    prices: NDArray[np.float64]
    swings: NDArray[np.float64]
    follows: NDArray[np.float64]
    turnovers: NDArray[np.float64]
    quiet: NDArray[np.float64]
    listed_weeks: NDArray[np.int64]


def make_symbols(
    seed: int, count: int, quote: str, weeks: tuple[int, int]
) -> tuple[tuple[Symbol, ...], Traits]:
    """Make symbols and their traits.

    Args:
        seed: the same gives the same.
        count: how many.
        quote: asset in which all are priced.
        weeks: numbers of the first and the last week in which a symbol is listed.
    """
    chance = np.random.default_rng(seed)
    names = [name for name, _ in _KNOWN][:count]
    while len(names) < count:
        name = "".join(chance.choice(_SYLLABLES, 2)) + str(chance.choice(list("XNRTS")))
        if name not in names:
            names.append(name)
    prices = np.exp(chance.uniform(np.log(0.0005), np.log(60), count))
    prices[: min(count, len(_KNOWN))] = [price for _, price in _KNOWN][:count]
    rank = np.arange(count)
    follows = np.clip(chance.normal(0.72, 0.12, count), 0.2, 0.95)
    follows[:1] = 1.0
    swings = np.clip(chance.normal(0.1, 0.025, count), 0.05, 0.2)
    swings[:1] = 0.06
    listed = np.where(rank < len(_KNOWN), weeks[0], chance.integers(*weeks, count))
    traits = Traits(
        prices=prices,
        swings=swings,
        follows=follows,
        turnovers=np.asarray(1.2e10 / (1 + rank) ** 1.15, np.float64),
        quiet=np.where(rank < count // 2, 0.0, np.clip((rank / count - 0.5) * 0.5, 0, 0.25)),
        listed_weeks=listed.astype(np.int64),
    )
    return tuple(_symbol(n, quote, p) for n, p in zip(names, prices, strict=True)), traits


def _symbol(name: str, quote: str, price: float) -> Symbol:
    magnitude = int(np.floor(np.log10(price)))
    decimals, lots = min(8, max(2, 4 - magnitude)), min(5, max(0, magnitude + 1))
    return Symbol(name + quote, name, quote, decimals, lots)
