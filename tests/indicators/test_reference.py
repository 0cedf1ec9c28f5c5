"""The reference for authors is the catalog's, word for word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from candlewatch.indicators.catalog import INDICATORS, LEFT_OUT
from candlewatch.indicators.reference import entry, reference

DOCUMENT = Path(__file__).parents[2] / "docs" / "indicators.md"


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == reference()


def test_every_indicator_and_every_omission_is_in_it() -> None:
    text = reference()
    assert all(f"\n### {name}\n" in text for name in INDICATORS)
    assert all(f"`{name}`" in text for name in LEFT_OUT)


def test_an_entry_shows_what_an_author_needs() -> None:
    text = entry(INDICATORS["macd"])
    assert "`macd(real, fast=12, slow=26, signal=9)`" in text
    assert "`.macd`, `.signal`, `.hist`" in text
    assert "Warm-up: 33 candles" in text


FLAT = dict.fromkeys(("rsi", "cmo", "cci", "stoch", "stochrsi", "willr", "mfi", "adx", "tsi"), 0.0)


@pytest.mark.parametrize(("name", "value"), [*FLAT.items(), ("er", 1.0)])
def test_flat_prices_give_what_the_reference_states(name: str, value: float) -> None:
    indicator = INDICATORS[name]
    flat = [np.full((1, 700), 5.0) for _ in indicator.inputs]
    assert indicator.bind().compute(flat, 0, 1)[0][0, 0] == value
