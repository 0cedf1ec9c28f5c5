"""Engine against oracle: where their answers differ, and the smallest part that shows it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from tests.filters.oracle.interpreter import Oracle
from tests.filters.oracle.place import Place, Point
from tests.filters.oracle.scope import Answer
from tests.filters.oracle.tape import Tape, to_market
from tests.filters.oracle.tapes import random_tape
from tests.filters.oracle.texts import random_text

from candlewatch.errors import FilterRefused
from candlewatch.filters import Filter, Plan, compile_filter, replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from candlewatch.frames.window import Market

Answers = dict[tuple[int, int], bool | None]


@dataclass(frozen=True)
class Case:
    """A filter, compiled, with what the oracle says of every symbol at every candle."""

    text: str
    compiled: Filter
    answers: Answers


@dataclass(frozen=True)
class Disagreement:
    """One place where engine and oracle differ."""

    seed: str
    text: str
    how: str
    symbol: str
    candle: int
    engine: bool | None
    oracle: bool | None
    smaller: str = ""

    def __str__(self) -> str:
        place = f"seed {self.seed}, by {self.how}: symbol {self.symbol}, candle {self.candle}"
        answers = f"the engine says {self.engine}, the oracle {self.oracle}"
        return f"{place}: {answers}\n{self.text}\nsmallest part that differs: {self.smaller}"


def tape_of(seed: str) -> Tape:
    """Return the histories of a seed."""
    return random_tape(Random(f"tape {seed}"))


def texts_of(seed: str, tape: Tape, count: int) -> list[str]:
    """Return the filters of a seed."""
    longer = tuple(name for name in tape.strips if name != tape.base.name)
    random = Random(f"texts {seed}")
    return [random_text(random, longer) for _ in range(count)]


def ask_oracle(text: str, tape: Tape) -> Answers:
    """Ask the oracle about every symbol at every candle, candle by candle."""
    oracle = Oracle(text, tape)
    return {
        (symbol, candle): oracle.answer(symbol, candle)
        for candle in range(tape.asked_first, tape.asked_last + 1)
        for symbol in range(len(tape.symbols))
    }


def ask_engine(compiled: Filter, market: Market, tape: Tape) -> Answers:
    """Ask the engine's replay the same."""
    true, unknown = replay(compiled, market, tape.asked_first, tape.asked_last)
    return {
        (symbol, tape.asked_first + column): None
        if unknown[symbol, column]
        else bool(true[symbol, column])
        for column in range(true.shape[1])
        for symbol in range(true.shape[0])
    }


def prepare(text: str, tape: Tape) -> Case:
    """Compile a filter and ask the oracle; a refusal names the text."""
    try:
        compiled = compile_filter(text, tape.base)
    except FilterRefused as refused:
        raise AssertionError(f"refused: {refused}\n{text}") from refused
    return Case(text, compiled, ask_oracle(text, tape))


def replayed(seed: str, case: Case, market: Market, tape: Tape) -> Disagreement | None:
    """Compare the whole replay."""
    engine = ask_engine(case.compiled, market, tape)
    return _first(seed, case, "replay", engine, tape)


def evaluated(
    seed: str, cases: Sequence[Case], candles: Sequence[int], tape: Tape
) -> Iterator[Disagreement]:
    """Compare many filters in one plan, on single candles with only what had closed by then."""
    plan = Plan(tape.base)
    plan.extend({number: case.compiled for number, case in enumerate(cases)})
    for candle in candles:
        evaluation = plan.evaluate(to_market(tape, candle), candle, range(len(cases)))
        for number, case in enumerate(cases):
            true, unknown = evaluation.true(number), evaluation.unknown(number)
            engine: Answers = {
                (symbol, candle): None if unknown[symbol] else bool(true[symbol])
                for symbol in range(len(tape.symbols))
            }
            found = _first(seed, case, "one plan of many", engine, tape)
            if found is not None:
                yield found


def _first(seed: str, case: Case, how: str, engine: Answers, tape: Tape) -> Disagreement | None:
    for (symbol, candle), answer in engine.items():
        expected = case.answers[symbol, candle]
        if answer is not expected:
            smaller = smallest(case.text, tape, symbol, candle) if how == "replay" else ""
            name = f"{tape.symbols[symbol].name} (position {symbol})"
            return Disagreement(seed, case.text, how, name, candle, answer, expected, smaller)
    return None


def smallest(text: str, tape: Tape, symbol: int, candle: int) -> str:
    """Return the shortest part of a filter, with what it names, on which the two still differ.

    A part that is a number is asked whether it equals the oracle's value.
    """
    tree = ast.parse(text)
    market = to_market(tape)
    given = [each for each in tree.body if isinstance(each, ast.Assign | ast.AugAssign)]
    parts = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    parts.sort(key=lambda node: len(ast.unparse(node)))
    for part in parts:
        for names in ([], given):
            lines = [ast.unparse(each) for each in names]
            shown = _differs("\n".join([*lines, ast.unparse(part)]), tape, market, symbol, candle)
            if shown:
                return shown
    return ""


def _differs(text: str, tape: Tape, market: Market, symbol: int, candle: int) -> str:
    """Return a condition made of the text on which the two differ at a place, if there is one."""
    try:
        oracle = Oracle(text, tape)
        oracle.answer(symbol, candle)
        ends = oracle.outcome
        if not isinstance(ends, Answer):
            return ""
        point = Point(tape.base.name, symbol, candle)
        value = Place(oracle, ends.scope, point).plain(ends.node)
    except (TypeError, KeyError, ValueError, AttributeError):
        value = None
    lines = text.split("\n")
    choices = [text] if value is None or isinstance(value, bool) else []
    choices += ["\n".join([*lines[:-1], f"({lines[-1]}) == {value!r}"])] * (value is not True)
    for choice in choices:
        try:
            compiled = compile_filter(choice, tape.base)
            expected = Oracle(choice, tape).answer(symbol, candle)
        except (FilterRefused, TypeError, KeyError, ValueError, AttributeError):
            continue
        true, unknown = replay(compiled, market, candle, candle)
        answer = None if unknown[symbol, 0] else bool(true[symbol, 0])
        if answer is not expected:
            return f"{choice!r}: the engine says {answer}, the oracle {expected}"
    return ""
