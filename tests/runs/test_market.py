"""A run of the market asks the sources that the environment names, the second behind the first."""

from __future__ import annotations

import pytest

from candlewatch.runs.environment import read_environment
from candlewatch.runs.market import sources_of

NEEDED = {
    "CANDLEWATCH_API_URL": "http://127.0.0.1:3000",
    "CANDLEWATCH_API_KEY": "key",
    "CANDLEWATCH_WORKER_TOKEN": "token",
    "CANDLEWATCH_WAKE_SECRET": "a secret of the test's own",
}
DATA, MAIN = "https://data-api.binance.vision", "https://api.binance.com"


@pytest.mark.parametrize(
    ("named", "sources"),
    [
        ({}, (DATA, MAIN)),
        ({"URL": DATA}, (DATA, MAIN)),
        ({"URL": "http://127.0.0.1:9"}, ("http://127.0.0.1:9",)),
        ({"FALLBACK_URL": "https://two.example"}, (DATA, "https://two.example")),
        ({"URL": "http://127.0.0.1:9", "FALLBACK_URL": MAIN}, ("http://127.0.0.1:9", MAIN)),
    ],
)
def test_the_second_source_stands_behind_the_first(
    named: dict[str, str], sources: tuple[str, ...]
) -> None:
    variables = {f"CANDLEWATCH_EXCHANGE_{name}": value for name, value in named.items()}

    assert sources_of(read_environment(NEEDED | variables)) == sources
