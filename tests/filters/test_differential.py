"""The engine means exactly what the oracle means, at every candle, for every kind of history.

100 generated filters on ten markets of 20 symbols with 300 candles each: the replay at every
candle, and one plan of all filters of a market on single candles with only what had closed then.
"""

from __future__ import annotations

from random import Random

import pytest
from tests.filters.oracle.comparison import evaluated, prepare, replayed, tape_of, texts_of
from tests.filters.oracle.tape import to_market

from candlewatch.filters import compile_filter, replay

SEEDS = tuple(f"market {number}" for number in range(10))
FILTERS_PER_MARKET = 10
SINGLE_CANDLES = 6


@pytest.mark.parametrize("seed", SEEDS)
def test_replay_and_single_candles_give_what_the_oracle_gives(seed: str) -> None:
    tape = tape_of(seed)
    market = to_market(tape)
    asked = range(tape.asked_first, tape.asked_last + 1)
    candles = [asked[0], asked[-1], *Random(seed).sample(asked, SINGLE_CANDLES)]

    cases = [prepare(text, tape) for text in texts_of(seed, tape, FILTERS_PER_MARKET)]
    found = [replayed(seed, case, market, tape) for case in cases]
    found += evaluated(seed, cases, candles, tape)

    assert [str(each) for each in found if each is not None] == []


def test_a_single_wrong_answer_among_six_thousand_is_noticed() -> None:
    tape = tape_of(SEEDS[0])
    case = prepare("close > open", tape)
    place = next(place for place, answer in case.answers.items() if answer)
    case.answers[place] = None

    found = replayed(SEEDS[0], case, to_market(tape), tape)

    assert found is not None
    assert (found.candle, found.engine, found.oracle) == (place[1], True, None)


def test_generated_filters_are_true_and_false_and_unknown_often_enough_to_tell() -> None:
    telling = 0
    for seed in SEEDS:
        tape = tape_of(seed)
        market = to_market(tape)
        for text in texts_of(seed, tape, FILTERS_PER_MARKET):
            compiled = compile_filter(text, tape.base)
            true, unknown = replay(compiled, market, tape.asked_first, tape.asked_last)
            false = true.size - true.sum() - unknown.sum()
            telling += min(true.sum(), unknown.sum(), false) >= true.size // 200

    assert telling >= len(SEEDS) * FILTERS_PER_MARKET // 2
