"""In a day of faults nothing true is lost, nothing untrue is stored, and no rule is broken.

The long form, on 15m candles, is `python -m tests.runs.rehearsal --days 7`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.runs.rehearsal import FAULTS, WEIGHT_LIMIT, Rehearsal

if TYPE_CHECKING:
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest


def test_a_day_of_faults_with_four_functions(database: Database, rest: Rest) -> None:
    with ExitStack() as stack:
        rehearsal = Rehearsal(stack, database, rest, seed=1, base="30m")

        rehearsal.play(days=1)

        accounts = rehearsal.stage.exchange.accounts
        assert len(FAULTS) >= 20
        assert rehearsal.silent_faults() == []
        assert rehearsal.wrong_candles(days=1) == []
        assert (accounts.ignored, rehearsal.counted("differing")) == (0, 0)
        assert accounts.peak <= WEIGHT_LIMIT
        # One ban was scripted; none was earned.
        assert accounts.banned == 1
        assert rehearsal.counted("late") > 0
