"""The saved queries of the dashboard run, as they are, on the database that the migrations make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fixtures.factories import make_trader
from tests.fixtures.project import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.database import Database

SNIPPETS = sorted((PROJECT / "supabase" / "snippets").glob("*.sql"))


def test_there_are_saved_queries() -> None:
    assert len(SNIPPETS) >= 8


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: str(snippet.stem))
def test_a_saved_query_says_what_it_shows_and_runs(undone: Database, snippet: Path) -> None:
    make_trader(undone)
    text = snippet.read_text()

    undone.rows(text.replace("%", "%%"), [])

    assert text.startswith("-- ")
