"""A plan says of each filter what it would say alone, however the plan came about."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from tests.filters.market import make_market
from tests.filters.realistic import REALISTIC, SHAPES, varied

from candlewatch.filters import Filter, Plan, compile_filter, replay
from candlewatch.filters.history import Epoch
from candlewatch.frames.window import Market, Window
from candlewatch.settings import PLAN_BATCH_FILTERS, PLAN_EPOCHS_MAX
from candlewatch.timeframes import TIMEFRAMES

BASE = TIMEFRAMES["5m"]
MARKET, NUMBER = make_market(70, 1300, seed=5, broken=True)


def compiled(count: int, seed: int = 0) -> dict[int, Filter]:
    random = Random(seed)
    texts = [varied(SHAPES[turn % len(SHAPES)], random) for turn in range(count)]
    return {turn: compile_filter(text, BASE) for turn, text in enumerate(texts)}


def said(plan: Plan, ids: list[int], market: Market = MARKET, number: int = NUMBER) -> np.ndarray:
    evaluation = plan.evaluate(market, number, ids)
    return np.array([[evaluation.true(one), evaluation.unknown(one)] for one in ids])


def plan_of(filters: dict[int, Filter]) -> Plan:
    plan = Plan(BASE)
    plan.extend(filters)
    return plan


def test_an_extended_plan_says_what_a_fresh_one_says() -> None:
    filters = compiled(200)
    grown = Plan(BASE)
    for low in range(0, 200, 40):
        grown.extend({one: filters[one] for one in range(low, low + 40)})
        said(grown, list(range(low + 40)))

    assert np.array_equal(said(grown, list(filters)), said(plan_of(filters), list(filters)))


def test_a_plan_after_discards_says_what_a_fresh_one_says() -> None:
    filters = compiled(2 * PLAN_BATCH_FILTERS + 400, seed=1)
    plan = plan_of(filters)
    said(plan, list(filters)[:300])
    gone = [one for one in filters if one % 7]
    kept = [one for one in filters if one % 7 == 0]
    plan.discard(gone)

    fresh = plan_of({one: filters[one] for one in kept})

    assert len(plan) == len(kept)
    assert np.array_equal(said(plan, kept), said(fresh, kept))
    assert plan.needs() == fresh.needs()


def test_filters_evaluated_together_say_what_each_says_alone() -> None:
    filters = compiled(150, seed=2)
    together = said(plan_of(filters), list(filters))

    for one, alone in filters.items():
        assert np.array_equal(said(plan_of({one: alone}), [one])[0], together[one])


def test_a_batch_says_the_same_whichever_filters_are_asked_for_first() -> None:
    filters = compiled(120, seed=3)
    backwards = plan_of(filters)
    for one in reversed(range(0, 120, 3)):
        said(backwards, [one])

    assert np.array_equal(said(backwards, list(filters)), said(plan_of(filters), list(filters)))


def test_many_constants_beside_one_series_say_what_each_says_alone() -> None:
    texts = [
        f"rsi(close, 14) {sign} {20 + step}"
        for sign in ("<", ">", "<=", ">=")
        for step in range(60)
    ]
    filters = {turn: compile_filter(text, BASE) for turn, text in enumerate(texts)}
    together = said(plan_of(filters), list(filters))

    for one in range(0, len(texts), 11):
        assert np.array_equal(said(plan_of({one: filters[one]}), [one])[0], together[one])


@pytest.mark.parametrize(
    "text", [*REALISTIC, "ema(obv(), 20) > obv()[3]", "at('1h', obv() > obv()[9])"]
)
def test_candle_by_candle_says_what_one_replay_says(text: str) -> None:
    one = compile_filter(text, BASE)
    true, unknown = replay(one, MARKET, NUMBER - 700, NUMBER)

    plan = plan_of({1: one})
    for back in (0, 1, 2, 11, 12, 13, 47, 48, 60, 128, 187, 188, 189, 511, 512, 699, 700):
        now = cut(MARKET, NUMBER - back)
        found = said(plan, [1], now, NUMBER - back)[0]
        assert np.array_equal(found[0], true[:, 700 - back])
        assert np.array_equal(found[1], unknown[:, 700 - back])


def cut(market: Market, number: int) -> Market:
    """Return what was known when candle `number` closed."""
    moment = (number + 1) * BASE.ms
    return Market(
        {
            name: window.until((moment - window.timeframe.offset_ms) // window.timeframe.ms - 1)
            for name, window in market.windows.items()
        },
        market.universe,
    )


def test_equal_filters_of_two_authors_are_one_graph_and_one_result() -> None:
    first = compile_filter("fast = ema(close, 12)\nfast > ema(close, 26)", BASE)
    second = compile_filter("ema(close, 26) < ema(close, 12)  # the same", BASE)

    assert first.root is second.root


def test_indicators_are_computed_once_for_all_batches_of_a_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[str] = []
    original = Epoch._indicator

    def counted(self: Epoch, node: object, need: int, inputs: object) -> object:
        computed.append(repr(node))
        return original(self, node, need, inputs)  # type: ignore[arg-type]

    monkeypatch.setattr(Epoch, "_indicator", counted)
    plan = plan_of(
        {turn: compile_filter(f"rsi(close, 14) < {turn}", BASE) for turn in range(20, 40)}
    )
    for turn in range(20, 40):
        said(plan, [turn])

    assert len(computed) == 1


def test_a_frame_with_a_new_revision_is_evaluated_anew() -> None:
    market, number = make_market(5, 50, ("5m",), seed=1)
    plan = plan_of({1: compile_filter("close > 0", BASE)})
    assert said(plan, [1], market, number)[0, 0].all()
    window = market.windows["5m"]
    values, revisions = window.values.copy(), window.revisions.copy()
    values[:, 2, -1], revisions[-1] = np.nan, 2

    repaired = Market({"5m": Window(BASE, window.first, values, revisions)}, market.universe)

    assert said(plan, [1], repaired, number)[0, 1].tolist() == [False, False, True, False, False]


def test_a_plan_keeps_results_of_few_closes() -> None:
    plan = plan_of({1: compile_filter("close > open", BASE)})
    for back in range(10):
        said(plan, [1], number=NUMBER - back)

    assert len(plan._results) == PLAN_EPOCHS_MAX


def test_a_filter_of_another_timeframe_does_not_come_into_a_plan() -> None:
    other = compile_filter("close > open", TIMEFRAMES["1h"])

    with pytest.raises(ValueError, match="runs on 1h, this plan on 5m"):
        plan_of({7: other})


def test_a_term_looked_at_on_many_candles_says_what_it_says_on_few() -> None:
    # Beyond a few candles back a term is computed as a history rather than candle by candle.
    many = " and ".join(f"(close * 1.01)[{lag}] > low[{lag}]" for lag in range(12))
    parts = [compile_filter(f"(close * 1.01)[{lag}] > low[{lag}]", BASE) for lag in range(12)]
    whole = said(plan_of({1: compile_filter(many, BASE)}), [1])[0]

    each = said(plan_of(dict(enumerate(parts))), list(range(12)))

    assert np.array_equal(whole[0], each[:, 0].all(axis=0))


def test_permuting_the_symbols_permutes_the_results() -> None:
    order = np.random.default_rng(1).permutation(70)
    universe = MARKET.universe
    permuted = Market(
        {
            name: Window(one.timeframe, one.first, one.values[:, order], one.revisions)
            for name, one in MARKET.windows.items()
        },
        type(universe)(
            tuple(universe.names[place] for place in order),
            universe.trading[order],
            universe.quote_assets,
            universe.quote_volumes[order],
        ),
    )
    filters = compiled(50)

    there = said(plan_of(filters), list(filters), permuted)

    assert np.array_equal(there, said(plan_of(filters), list(filters))[:, :, order])
