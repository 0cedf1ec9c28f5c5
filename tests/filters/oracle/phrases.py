"""Series of the random filters: families of like values, written to a depth and within a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from tests.filters.oracle.families import CALLS

from candlewatch.indicators.catalog import INDICATORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from candlewatch.indicators.indicator import Indicator

T = TypeVar("T")
FAMILIES: Final = {"price": 10, "oscillator": 5, "percent": 5, "volume": 3, "count": 3, "any": 2}
SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "ETHBTC", "S05USDT", "S09USDT", "NOSUCHUSDT")
SEVERAL: Final = ("macd", "bbands", "stoch", "aroon", "stochf", "supertrend", "donchian", "kc")


def pick(random: Random, weighted: Mapping[T, float]) -> T:
    """Choose a key by its weight."""
    return random.choices(list(weighted), list(weighted.values()))[0]


class Phrases:
    """Writes series. `inside` holds the words of `at` and `of` that the text stands inside."""

    def __init__(self, random: Random, longer: tuple[str, ...]) -> None:
        self.random = random
        self.longer = longer
        self.inside: frozenset[str] = frozenset()
        self.budget = 9
        self.known: dict[str, list[str]] = {family: [] for family in FAMILIES}

    def timeframe(self) -> str:
        """Quote a longer timeframe."""
        return f'"{self.random.choice(self.longer)}"'

    def symbol(self) -> str:
        """Quote a symbol; sometimes one that is not listed."""
        return f'"{self.random.choice(SYMBOLS)}"'

    def period(self) -> int:
        """Choose a period: short ones are common."""
        return self.random.choice((2, 3, 5, 7, 10, 14, 14, 20, 20, 21, 34, 50))

    def level(self, family: str) -> str:
        """Write a constant that a series of the family often crosses."""
        levels = {
            "price": (1.5, 20, 75.25, 110, 150, 199.99),
            "oscillator": (20, 30, 40, 45.5, 50, 60, 70),
            "percent": (-2, -0.5, 0, 0, 0.25, 0.5, 0.1, 2),
            "volume": (0, 5, 20, 40.0, 1_000),
            "count": (1, 2, 3, 4, 5, 6, 7, 8),
            "any": (0,),
        }
        return str(self.random.choice(levels[family]))

    def series(self, family: str, depth: int) -> str:
        """Write a series of a family."""
        if self.known[family] and self.random.random() < 0.5:
            return self.random.choice(self.known[family])
        if depth <= 0 or self.budget <= 0:
            return self.leaf(family)
        forms: dict[Callable[[str, int], str], float] = {
            self.call: 12,
            lambda kind, _: self.leaf(kind): 5,
            lambda kind, deep: f"{self.series(kind, 0)}[{self.random.randrange(deep * 4)}]": 3,
            self.arithmetic: 3,
            self.ternary: 1,
            self.longer_series: 1.5,
            self.other_symbol: 0.7,
        }
        return pick(self.random, forms)(family, depth)

    def leaf(self, family: str) -> str:
        """Write a series without a call, or with the plainest."""
        leaves = {
            "price": ("close", "close", "close", "open", "high", "low", "hl2", "hlc3", "ohlc4"),
            "oscillator": ("rsi(close, 14)", "rsi(14)", "rsi()"),
            "percent": ("100 * (close - open) / open", "change_pct(close, 3)"),
            "volume": ("volume", "volume", "quote_volume / close"),
            "count": ("hour", "minute % 10", "weekday", "day", "month"),
            "any": ("close - open", "(high - low) / volume", "open / close - 1"),
        }
        text = self.random.choice(leaves[family])
        return f"({text})" if " " in text else text

    def call(self, family: str, depth: int) -> str:
        """Write a call that gives a series of the family."""
        self.budget -= 1
        return CALLS[family](self, self.series("price", depth - 1))

    def pick(self, weighted: Mapping[T, float]) -> T:
        """Choose a key by its weight."""
        return pick(self.random, weighted)

    def arithmetic(self, family: str, depth: int) -> str:
        """Join two series of a family so that the result is like them."""
        left, right = self.series(family, depth - 1), self.series(family, 0)
        forms = {
            f"({left} + {right}) / 2": 3,
            f"{left} * {self.random.choice((0.98, 1.01, 1.5))}": 3,
            f"({left} - {right}) + {left}": 1,
            f"(2 * {left} - {right})": 1,
            f"max({left}, {right})": 1,
            f"({left} // 0.5 * 0.5)": 0.5,
            f"({left} + {left} % 3)": 0.5,
            f"-(-{left})": 0.3,
        }
        return f"({pick(self.random, forms)})"

    def ternary(self, family: str, depth: int) -> str:
        """Choose between two series of a family."""
        test = f"{self.series('price', 0)} > {self.series('price', 0)}"
        return f"({self.series(family, depth - 1)} if {test} else {self.series(family, 0)})"

    def longer_series(self, family: str, depth: int) -> str:
        """Read a series on a longer timeframe."""
        if "at" in self.inside:
            return self.leaf(family)
        return f"at({self.timeframe()}, {self._apart('at').series(family, depth - 1)})"

    def other_symbol(self, family: str, depth: int) -> str:
        """Read a series of another symbol."""
        if "of" in self.inside:
            return self.leaf(family)
        return f"of({self.symbol()}, {self._apart('of').series(family, depth - 1)})"

    def _apart(self, word: str) -> Phrases:
        apart = Phrases(self.random, self.longer)
        apart.inside = self.inside | {word}
        apart.budget = 2
        self.budget -= 2
        return apart

    def output(self, name: str) -> str:
        """Name one output of a function."""
        return self.random.choice(INDICATORS[name].outputs)

    def several(self) -> tuple[str, tuple[str, ...]]:
        """Write a call with several outputs, and name them."""
        name = self.random.choice([name for name in SEVERAL if name in INDICATORS])
        self.budget -= 1
        return f"{name}()", INDICATORS[name].outputs

    def pattern(self) -> str:
        """Write a candle pattern."""
        names = sorted(name for name in INDICATORS if name.startswith("cdl"))
        text = self.random.choice((*names, "cdlengulfing", "cdldoji", "cdlhammer"))
        return f"{text}(){self.random.choice(('', '', '.bullish', '.bearish', '[1]'))}"

    def catalog_call(self, entry: Indicator) -> str:
        """Call any function of the catalog; parameters near their defaults."""
        arguments = []
        if any(name.startswith("real") and name != "real" for name in entry.inputs):
            arguments = [self.random.choice(("close", "volume", "high")) for _ in entry.inputs]
        if self.random.random() < 0.6:
            for parameter in entry.parameters:
                if parameter.kind != "int":
                    break
                low, high = int(parameter.low), int(min(parameter.high, 30))
                near = self.random.randrange(max(2, low), max(3, low + 1, high))
                arguments.append(str(near))
        self.budget -= 1
        return f"{entry.name}({', '.join(arguments)})"
