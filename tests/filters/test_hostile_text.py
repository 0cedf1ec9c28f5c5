"""Whatever text a filter is, the answer is one clean refusal with a place, or a stated meaning."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from tests.filters.hostile.corpus import Case, cases
from tests.filters.hostile.verdict import lines_of, verdict
from tests.fuzz.hostile import run

from candlewatch.errors import FilterRefused
from candlewatch.filters import compile_filter
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from candlewatch.errors import Problem

CASES = cases()
MEGABYTES_TO_REFUSE = 50


def refused(source: str) -> tuple[Problem, ...]:
    """Compile a text on 5m candles and return its problems, none when it is accepted."""
    try:
        compile_filter(source, TIMEFRAMES["5m"])
    except FilterRefused as refusal:
        return refusal.problems
    return ()


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_each_hostile_text_is_refused_by_the_rule_that_it_breaks_or_keeps_its_meaning(
    case: Case,
) -> None:
    problems = refused(case.source)

    assert (problems[0].rule if problems else "") == case.rule


def test_the_corpus_holds_150_different_texts_of_every_class() -> None:
    assert len({case.source for case in CASES}) == len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_a_refusal_names_a_place_inside_the_text_and_one_printable_sentence(case: Case) -> None:
    lines = lines_of(case.source)
    for problem in refused(case.source):
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert str(problem).isprintable()
        assert len(str(problem)) < 400


def test_no_hostile_text_takes_50_megabytes_to_refuse() -> None:
    peaks = {}
    tracemalloc.start()
    for case in CASES:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        refused(case.source)
        _, peak = tracemalloc.get_traced_memory()
        peaks[case.title] = (peak - before) / 2**20
    tracemalloc.stop()

    worst = max(peaks, key=peaks.__getitem__)
    assert peaks[worst] < MEGABYTES_TO_REFUSE, worst


def test_thousands_of_random_hostile_texts_end_in_an_answer() -> None:
    assert run(seed="test", count=3_000).findings == []


@pytest.mark.parametrize(
    "source",
    [
        b"close.__class__",
        b"-" * 100_000,
        b"\xff\xfe\x00",
        b"close > 1\x00",
        b"\xed\xa0\x80 > 1",
        b"",
        b"if True:\n" * 300,
        "cl\u043ese > 1".encode(),
    ],
)
def test_the_command_line_answers_a_refused_text_with_exit_2_and_no_traceback(
    source: bytes,
) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "candlewatch.cli.main", "check", "-"],
        input=source,
        capture_output=True,
        timeout=60,
        check=False,
    )

    output = (answer.stdout + answer.stderr).decode()
    assert answer.returncode == 2, output
    assert "Traceback" not in output
    assert "line 1" in output


def test_a_verdict_notices_an_answer_that_is_no_refusal() -> None:
    def broken(_source: str) -> None:
        raise RecursionError("deep")

    assert verdict("close > 1", broken) == "RecursionError: deep"
    assert verdict("close > 1", lambda _: None) == ""
