"""PostgREST starts where it can: a port that somebody takes at the last moment costs nothing."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.fixtures.rest import running_rest

from candlewatch.errors import SetupError
from candlewatch.local import postgrest
from candlewatch.local.ports import free_port, listen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.database import Database


def test_a_port_that_is_taken_meanwhile_is_left_for_another_one(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(listen()) as taken:
        given = iter([taken.getsockname()[1]])
        monkeypatch.setattr(postgrest, "free_port", lambda: next(given, None) or free_port())

        with running_rest(database, tmp_path) as rest:
            assert str(taken.getsockname()[1]) not in rest.url


def test_when_every_port_is_taken_the_sentence_says_so(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(listen()) as taken:
        monkeypatch.setattr(postgrest, "free_port", lambda: taken.getsockname()[1])

        with (
            pytest.raises(SetupError, match="Address in use"),
            running_rest(database, tmp_path),
        ):
            pass
