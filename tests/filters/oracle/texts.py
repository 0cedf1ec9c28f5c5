"""Random well-typed filters, seeded: what people write, in about the proportions they write it.

A series has a family (price, oscillator, percent, volume, count), so that comparisons are between
like things and come out true now and false then. `budget` bounds how many calls a filter may hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.filters.oracle.phrases import FAMILIES, Phrases, pick

from candlewatch.indicators.catalog import INDICATORS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

UNUSED: Final = frozenset({"vwap", "mavp", "sum", "max", "min", "percentile"})


class Writer(Phrases):
    """Writes one filter; every method returns text."""

    def __init__(self, random: Random, longer: tuple[str, ...]) -> None:
        super().__init__(random, longer)
        self.lines: list[str] = []
        self.conditions: list[str] = []

    def text(self) -> str:
        """Write a whole filter."""
        form = pick(self.random, {"line": 30, "names": 40, "returns": 15, "branches": 15})
        if form == "line":
            return self.condition(3) + "\n"
        self.names()
        if form == "names":
            self.lines.append(self.random.choice(("return ", "")) + self.condition(3))
        elif form == "returns":
            self.returns("")
        else:
            self.branches()
        return "\n".join(self.lines) + "\n"

    def names(self) -> None:
        """Assign some names: series, conditions, tuples and outputs of one call."""
        for index in range(self.random.randrange(1, 4)):
            forms: dict[Callable[[str], None], float] = {
                self.name_series: 6,
                self.name_condition: 2,
                self.name_pair: 1,
                self.name_outputs: 2,
                self.name_again: 1,
            }
            pick(self.random, forms)(f"v{index}")

    def name_series(self, name: str) -> None:
        """Write `v0 = ema(close, 20)`."""
        family = self.family()
        self.lines.append(f"{name} = {self.series(family, 2)}")
        self.known[family].append(name)

    def name_condition(self, name: str) -> None:
        """Write `v0 = close > open`."""
        self.lines.append(f"{name} = {self.condition(1)}")
        self.conditions.append(name)

    def name_pair(self, name: str) -> None:
        """Write `v0, w0 = close, open`."""
        family, other = self.family(), self.family()
        left, right = self.series(family, 1), self.series(other, 1)
        second = name.replace("v", "w")
        self.lines.append(f"{name}, {second} = {left}, {right}")
        self.known[family].append(name)
        self.known[other].append(second)

    def name_outputs(self, name: str) -> None:
        """Write `v0, v0_signal, v0_hist = macd(close)`, or keep the call for its attributes."""
        call, outputs = self.several()
        if self.random.random() < 0.5:
            self.lines.append(f"{name} = {call}")
            self.known["any"].extend(f"{name}.{output}" for output in outputs)
        else:
            names = [f"{name}_{output}" for output in outputs]
            self.lines.append(f"{', '.join(names)} = {call}")
            self.known["any"].extend(names)

    def name_again(self, name: str) -> None:
        """Write `v0 = close` and then `v0 += open` or another value."""
        self.lines.append(f"{name} = {self.series('price', 1)}")
        if self.random.random() < 0.5:
            operator = self.random.choice(("+", "-", "*", "/"))
            self.lines.append(f"{name} {operator}= {self.series('price', 1)}")
            self.known["any"].append(name)
        else:
            self.lines.append(f"{name} = {name}[1]")
            self.known["price"].append(name)

    def returns(self, indent: str) -> None:
        """Write `if ...: return ...`, now and then with a branch that goes on."""
        self.lines.append(f"{indent}if {self.condition(1)}:")
        if self.random.random() < 0.3:
            self.lines.append(f"{indent}    extra = {self.series('price', 1)}")
            self.lines.append(f"{indent}    if {self.condition(0)}:")
            self.lines.append(f"{indent}        return {self.condition(1)}")
            self.lines.append(f"{indent}else:")
            self.lines.append(f"{indent}    extra = {self.series('price', 1)}")
            self.known["price"].append("extra")
        else:
            self.lines.append(f"{indent}    return {self.condition(1)}")
        if self.random.random() < 0.4:
            self.lines.append(f"{indent}if {self.condition(0)}:")
            self.lines.append(f"{indent}    return {self.random.choice(('True', 'False'))}")
            self.lines.append(f"{indent}elif {self.condition(0)}:")
            self.lines.append(f"{indent}    return {self.condition(1)}")
        if self.random.random() < 0.9:
            self.lines.append(f"{indent}{self.condition(2)}")

    def branches(self) -> None:
        """Write an assignment in the branches of an `if`."""
        family = self.family()
        if self.random.random() < 0.4:
            self.lines.append(f"level = {self.series(family, 1)}")
            self.lines.append(f"if {self.condition(1)}:")
            self.lines.append(f"    level = {self.series(family, 1)}")
        else:
            self.lines.append(f"if {self.condition(1)}:")
            self.lines.append(f"    level = {self.series(family, 1)}")
            self.lines.append(f"elif {self.condition(0)}:")
            self.lines.append(f"    level = {self.series(family, 0)}")
            self.lines.append("else:")
            self.lines.append(f"    level = {self.series(family, 1)}")
        self.known[family].append("level")
        self.lines.append(
            f"return {self.compared(family, 'level')} {self.joint()} {self.condition(1)}"
        )

    def joint(self) -> str:
        """Write `and` or `or`."""
        return self.random.choice(("and", "and", "or"))

    def family(self) -> str:
        """Choose a family of series."""
        return pick(self.random, FAMILIES)

    def compared(self, family: str, left: str) -> str:
        """Compare a series with something like it."""
        operator = pick(self.random, {">": 9, "<": 9, ">=": 2, "<=": 2, "==": 1, "!=": 1})
        if family == "any":
            right = pick(self.random, {f"{left}[1]": 3, f"{left}[4]": 1, "0": 2})
        elif family == "price" or self.random.random() < 0.3:
            right = self.series(family, 1)
        else:
            right = self.level(family)
        if self.random.random() < 0.06:
            return f"{self.level(family)} < {left} {operator} {right}"
        return f"{left} {operator} {right}"

    def condition(self, depth: int) -> str:
        """Write a condition."""
        if depth <= 0:
            return self.simple()
        forms: dict[Callable[[int], str], float] = {
            lambda _: self.simple(): 30,
            lambda deep: f"{self.condition(deep - 1)} and {self.condition(deep - 1)}": 26,
            lambda deep: f"({self.condition(deep - 1)} or {self.condition(deep - 1)})": 12,
            lambda deep: f"not ({self.condition(deep - 1)})": 6,
            self.crossing: 10,
            self.window: 8,
            self.unrolled: 5,
            self.elsewhere: 5,
            self.chosen: 3,
            self.wild: 10,
        }
        return pick(self.random, forms)(depth)

    def simple(self) -> str:
        """Write a comparison, a trend, a pattern, or a condition that has a name."""
        dice = self.random.random()
        if self.conditions and dice < 0.15:
            name = self.random.choice(self.conditions)
            return f"{name}[{self.random.randrange(5)}]" if dice < 0.04 else name
        if dice < 0.22:
            trend = self.random.choice(("rising", "falling"))
            return f"{trend}({self.series(self.family(), 1)}, {self.random.randrange(1, 4)})"
        if dice < 0.26:
            return self.pattern()
        family = self.family()
        return self.compared(family, self.series(family, 2))

    def crossing(self, depth: int) -> str:
        """Write a crossing of two series, or of a series and a level."""
        name = pick(
            self.random, {"crossed_above": 5, "crossed_below": 5, "crossover": 1, "crossunder": 1}
        )
        family = self.family()
        right = self.series(family, depth - 1) if family == "price" else self.level(family)
        return f"{name}({self.series(family, depth - 1)}, {right})"

    def window(self, depth: int) -> str:
        """Write any, all, count or bars_since over the last candles."""
        inner, candles = self.condition(depth - 1), self.random.randrange(2, 9)
        forms = {
            f"any({inner}, {candles})": 3,
            f"all({inner}, {candles})": 2,
            f"count({inner}, {candles}) >= {self.random.randrange(1, candles + 1)}": 3,
            f"bars_since({inner}, {candles * 4}) < {candles}": 2,
            f"bars_since({inner}) == {candles}": 1,
            f"shift({inner}, {candles})": 1,
        }
        return pick(self.random, forms)

    def unrolled(self, depth: int) -> str:
        """Write a generator over a constant range."""
        family = self.family()
        series = self.series(family, 0)
        end = self.random.randrange(2, 5)
        forms = {
            f"all({series}[i] >= {series}[i + 1] for i in range({end}))": 3,
            f"any({self.compared(family, series + '[i]')} for i in range(1, {end}))": 3,
            f"sum({series}[i] > {series}[i + 1] for i in range({end})) >= 2": 3,
            f"{series} >= max({series}[i] for i in range(1, {end + 1}))": 2,
            f"sum(volume[i] for i in range({end})) > {end} * sma(volume, 20)": 2,
            f"all(sma(close, 3 + i) > sma(close, 5 + 2 * i) for i in range({end}))": 2,
            f"any(all(low[i] < low[i + j] for j in range(1, 3)) for i in range({end}))": 1,
        }
        return pick(self.random, forms) if depth else self.simple()

    def elsewhere(self, depth: int) -> str:
        """Write a condition on a longer timeframe or of another symbol."""
        word = "at" if self.random.random() < 0.6 else "of"
        if word in self.inside:
            return self.simple()
        inner = Writer(self.random, self.longer)
        inner.inside = self.inside | {word}
        text = inner.condition(depth - 1)
        self.budget -= 2
        if word == "at":
            return f"at({self.timeframe()}, {text}){self.random.choice(('', '', '[1]'))}"
        return f"of({self.symbol()}, {text})"

    def chosen(self, depth: int) -> str:
        """Write a ternary of conditions."""
        test, yes, no = (self.condition(depth - 1) for _ in range(3))
        return f"(({yes}) if {test} else ({no}))"

    def wild(self, _depth: int) -> str:
        """Take any function of the catalog, with its defaults or with other parameters."""
        names = sorted(name for name in INDICATORS if name not in UNUSED)
        entry = INDICATORS[self.random.choice(names)]
        call = self.catalog_call(entry)
        if entry.kind == "condition":
            return f"{call}.{self.random.choice(entry.outputs)}"
        if len(entry.outputs) > 1:
            call = f"{call}.{self.random.choice(entry.outputs)}"
        forms = {
            f"{call} > {call}[1]": 3,
            f"{call} >= {call}[7]": 2,
            f"{call} < 0": 1,
            f"{call} > highest({call}, 5)[1]": 1,
            f"rank({call}) <= 5": 1,
            f"zscore({call}, 20) > 0.5": 1,
        }
        return pick(self.random, forms)


def random_text(random: Random, longer: tuple[str, ...]) -> str:
    """Write one filter for a base timeframe whose longer timeframes are given."""
    return Writer(random, longer).text()
