"""Hostile filters that would exhaust the parser, a recursion, or what comes after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.filters.hostile.names import Classes

_CHAIN = "\n".join(["x = close", *["x = x * x + x"] * 12, "x > 1"])
_DEEP_IF = "\n".join(
    ["    " * depth + "if close > 1:" for depth in range(40)] + ["    " * 40 + "return True"]
)
_FORKS = "\n".join(
    ["x = close", *["if close > open:\n    x = x + 1\nelse:\n    x = x * 2"] * 9, "x > 1"]
)
_GROWN = "x = sum(close[i] * i * open[i] for i in range(450))\n"

CLASSES: Final[Classes] = {
    "parser bombs": {
        "length": (
            "-" * 100_000 + "1 > close",
            "(" * 100_000,
            "rsi(" + ", ".join(f"a{index}=1" for index in range(70_000)) + ") > 1",
            "close > 0x" + "f" * 100_000,
            "close > 1 " + "and close > 1 " * 1_000,
            "#" * 4_001,
            "\n" * 1_000_000,
            "close > " + "9" * 5_000,
            "x" * 10_000_000,
            "\ud800" * 5_000,
        ),
        "depth": (
            "(" * 1_000 + "close" + ")" * 1_000 + " > 1",
            "-" * 3_900 + "1 > close",
            "not " * 900 + "close > 1",
            "~" * 3_000 + "1 > close",
            "+-" * 1_900 + "1 > close",
            "[" * 1_500,
            "{" * 1_500,
            "close" + "[0" * 100 + "]" * 100 + " > 1",
            "abs(" * 200 + "close" + ")" * 200 + " > 1",
            "lambda:" * 500 + "1",
            "close" + "[1]" * 900 + " > 1",
            "close" + ".a" * 1_500 + " > 1",
            "1" + "+1" * 1_900 + " > close",
            "close" + "**2" * 900 + " > 1",
            "(close > 1) if (close > 2) else " * 100 + "(close > 3)",
            "close" + " if close > 1 else close" * 150 + " > 1",
            _DEEP_IF,
        ),
        "unknown_function": ("close" + "()" * 1_500 + " > 1",),
        "nodes": (
            "close" + " < close" * 450,
            "close > 1" + " and close > 1" * 200,
            "max(" + "close, " * 500 + "open) > 1",
            "rsi(" + ", ".join(f"a{index}=1" for index in range(400)) + ") > 1",
            "a = close\n" * 300 + "a > 1",
            "".join(f"x{index} = close\n" for index in range(250)) + "x1 > 1",
        ),
        "number": (
            "close > 0x" + "f" * 3_000,
            "close > " + "9" * 3_500,
            "close > 1" + "_0" * 1_500,
            "close > 1e" + "9" * 3_000,
            "close > 0b" + "1" * 3_000,
            "close > 0o17",
            "close > 1j",
            "close > 1e400",
            "close > 1e999",
            "close > 99999999999999999999999999999",
        ),
    },
    "grown names": {
        "nodes": (
            f"{_GROWN}any(at('1h', x) > i for i in range(900))",
            f"{_GROWN}any(of('BTCUSDT', x) > i for i in range(900))",
            f"{_GROWN}any(at('1h', x[i]) > i for i in range(499))",
            _GROWN + "".join(f"y{n} = of('A{n}USDT', x)\n" for n in range(45)) + "y1 > 1",
            _GROWN + " and ".join(f"at('1h', x) > {n}" for n in range(45)),
        ),
    },
    "doubling": {
        "": (
            _CHAIN,
            _FORKS,
        ),
    },
    "nested loops": {
        "loop": (
            "any(any(any(close[i] > 1 for i in range(9)) for j in range(9)) for k in range(9))",
            "any(close[i] > 1 for i in range(10 ** 9))",
            "any(close[i] > 1 for i in range(1e300))",
            "any(close[i] > 1 for i in range(-(10 ** 300), 10 ** 300))",
            "any(close[i] > 1 for i in range(-5))",
            "any(close[i] > 1 for i in range(0))",
            "any(close[i] > 1 for i in range(5, 2))",
            "any(close[i] > 1 for i in range(0, 10, 2))",
            "any(close[i] > 1 for i in range(close))",
            "any(close[i] > 1 for i in range(2.5))",
            "any(close[i] > 1 for i in range())",
            "any(x > 1 for x in close)",
            "any(x > 1 for x in (open, close))",
            "any(close[i] > 1 for i in range(3) if close[i] > 2)",
            "any(close[i] > 1 async for i in range(3))",
            "any(close[i] > 1 for i, j in range(3))",
            "any(close[i] > 1 for i in range(3) for j in range(3) for k in range(3))",
            "any(close[i] + open[j] > volume[i] for i in range(1000) for j in range(1000))",
            "sum(close[i] * open[j] * 3 for i in range(60) for j in range(60)) > 1",
        ),
        "expression": ("any([close[i] > 1 for i in range(3)])",),
        "nodes": (
            "sum(sum(close[i] * open[j] for i in range(60)) for j in range(60)) > 1",
            "any(any(close[i] > open[j] for i in range(1000)) for j in range(1000))",
            "all(close[i] > open[i] + 1 for i in range(1000))",
        ),
    },
}
