"""The guide for authors says what is so: its examples compile, and it knows every function."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.filters.small import NAN, answer, problems

from candlewatch import settings
from candlewatch.filters.words import ELEMENTWISE, OWN_FUNCTIONS, SERIES

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "filters.md"
TEXT = GUIDE.read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_guide_compiles(example: str) -> None:
    assert problems(example) == ()


@pytest.mark.parametrize("word", [*SERIES, *OWN_FUNCTIONS, *ELEMENTWISE])
def test_the_guide_names_every_word_of_the_language(word: str) -> None:
    assert re.search(rf"\b{word}\b", TEXT)


def test_the_guide_states_the_limits_as_they_are() -> None:
    for limit in (
        settings.FILTER_CHARACTERS_MAX,
        settings.FILTER_NODES_MAX,
        settings.FILTER_GRAPH_NODES_MAX,
        settings.FILTER_DEPTH_MAX,
        settings.FILTER_LOOKBACK_MAX,
        settings.FILTER_INDICATORS_MAX,
    ):
        assert f"{limit:,}" in TEXT.split("## Limits")[1]


def test_what_the_guide_says_of_flat_prices_and_gaps_is_so() -> None:
    assert answer("rsi(close, 14) == 0", *[5.0] * 20)[-1] == "T"
    assert answer("sma(close, 2) == 1", 1.0, NAN, 1.0) == "??T"
