"""Measure the engine: compiling, the indicator pass, microseconds per trader and close, memory.

400 symbols x 500 candles x 3 timeframes; the fifty realistic shapes with varied constants, for
1,000, 10,000 and 100,000 traders. The yardstick is the same filters one by one in plain Python, on
indicators that are already computed.
"""

from __future__ import annotations

import resource
import time
from random import Random
from typing import TYPE_CHECKING, Final

import numpy as np
import talib
from tests.benchmarks.plain import plainly
from tests.filters.market import make_market
from tests.filters.realistic import SHAPES, varied

from candlewatch.filters import Filter, Plan, compile_filter
from candlewatch.filters.history import Epoch
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from tests.benchmarks.report import Report

    from candlewatch.frames.window import Market

BASE: Final = TIMEFRAMES["5m"]
SYMBOLS: Final = 400
CANDLES: Final = 500
SIZES: Final = (1_000, 10_000, 100_000)
BARRED_FROM: Final = 10_000
YARDSTICK_FILTERS: Final = 50
COMPILED_AT_ONCE: Final = 500


def measure(report: Report, sizes: tuple[int, ...] = SIZES) -> None:
    """Measure the engine against its bars."""
    market, number = make_market(SYMBOLS, CANDLES, ("5m", "1h", "4h"), seed=1)
    filters = _compiled(max(sizes), report)
    _indicator_pass(market, number, report)
    for size in sizes:
        _traders(dict(list(filters.items())[:size]), market, number, report)
    _yardstick(list(filters.values())[:YARDSTICK_FILTERS], market, number, report)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report.note(f"engine.{max(sizes)}_traders.peak_memory", peak, "MB")


def _compiled(count: int, report: Report) -> dict[int, Filter]:
    """Compile as many filters as there are traders, all texts different."""
    random = Random(7)
    texts = [varied(SHAPES[turn % len(SHAPES)], random) for turn in range(count)]
    filters: dict[int, Filter] = {}
    spent = []
    for low in range(0, count, COMPILED_AT_ONCE):
        started = time.perf_counter()
        for turn in range(low, low + COMPILED_AT_ONCE):
            filters[turn] = compile_filter(texts[turn], BASE)
        spent.append(time.perf_counter() - started)
    report.at_most("engine.compile", 1e3 * min(spent) / COMPILED_AT_ONCE, "ms/filter", 0.5)
    return filters


def _indicator_pass(market: Market, number: int, report: Report) -> None:
    """Compare indicators in the engine with bare calls of TA-Lib over the same candles."""
    calls = {
        "rsi(close, 14) > 0": lambda row: talib.RSI(row, 14),
        "ema(close, 26) > 0": lambda row: talib.EMA(row, 26),
        "sma(close, 50) > 0": lambda row: talib.SMA(row, 50),
        "stddev(close, 20) > 0": lambda row: talib.STDDEV(row, 20),
        "roc(close, 10) > 0": lambda row: talib.ROC(row, 10),
        "linearreg_slope(close, 14) > 0": lambda row: talib.LINEARREG_SLOPE(row, 14),
        "bbands(close, 20, 2).upper > 0": lambda row: talib.BBANDS(row, 20, 2, 2),
        "macd(close).hist > 0": talib.MACD,
    }
    nodes = [compile_filter(text, BASE).root for text in calls]
    closes = np.ascontiguousarray(market.windows["5m"].field("close")[:, -CANDLES:])
    ours, bare = [], []
    for _ in range(7):
        started = time.process_time()
        Epoch(market, BASE, number).evaluate(dict.fromkeys(nodes, 1))
        ours.append(time.process_time() - started)
        started = time.process_time()
        for call in calls.values():
            for row in closes:
                call(row)  # type: ignore[no-untyped-call]
        bare.append(time.process_time() - started)
    report.note("engine.indicator_pass.cpu", 1e3 * min(ours) / len(calls), "ms/indicator")
    report.at_most("engine.indicator_pass.cpu_beside_bare_talib", min(ours) / min(bare), "x", 1.3)


def _traders(filters: dict[int, Filter], market: Market, number: int, report: Report) -> None:
    """Evaluate all filters on candles one after another, beside the shared indicator pass."""
    count = len(filters)
    plan = Plan(BASE)
    started = time.perf_counter()
    plan.extend(filters)
    spent_adding = time.perf_counter() - started
    report.note(f"engine.{count}_traders.add_to_plan", 1e6 * spent_adding / count, "us/filter")
    plan.evaluate(market, number - 4, filters)
    spent = []
    for candle in range(number - 3, number + 1):
        # What needs history is computed once for all traders: the shared pass.
        started = time.perf_counter()
        plan._results_of(market, candle).epoch.evaluate(plan._table.wanted)
        shared = time.perf_counter() - started
        started = time.perf_counter()
        plan.evaluate(market, candle, filters)
        spent.append((time.perf_counter() - started, shared))
    own, shared = min(spent)
    name = f"engine.{count}_traders"
    report.note(f"{name}.history_terms", len(plan._table.wanted), "terms")
    report.note(f"{name}.shared_pass", 1e3 * shared, "ms")
    per_trader = 1e6 * own / count
    if count >= BARRED_FROM:
        report.at_most(f"{name}.cycle", per_trader, "us/trader", 5.0)
    else:
        report.note(f"{name}.cycle", per_trader, "us/trader")


def _yardstick(filters: list[Filter], market: Market, number: int, report: Report) -> None:
    """Evaluate filters one by one in plain Python, indicators already computed."""
    plan = Plan(BASE)
    plan.extend(dict(enumerate(filters)))
    evaluation = plan.evaluate(market, number, range(len(filters)))
    leaves = Epoch(market, BASE, number).evaluate(plan._table.wanted)
    started = time.perf_counter()
    answers = [plainly(each.root, leaves, SYMBOLS) for each in filters]
    spent = (time.perf_counter() - started) / len(filters)
    for turn, answer in enumerate(answers):
        assert [one is True for one in answer] == evaluation.true(turn).tolist()
    report.note("engine.one_by_one_in_python", 1e6 * spent, "us/filter")
