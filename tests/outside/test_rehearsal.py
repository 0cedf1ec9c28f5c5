"""A minute of the whole system with the real pg_cron: every slot is accounted for, none twice.

`make chaos ARGS=rehearsal` is the long form: ten minutes in each trouble.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.chaos.rehearsal import rehearse

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(240)
SECONDS = 60.0
CLOSES = 8
"""Of ten that a minute has at this speed: the first may be over before the traders run."""


def test_in_calm_nearly_every_slot_is_evaluated(tmp_path: Path) -> None:
    report = rehearse(tmp_path, SECONDS, "none", seed=1)

    assert report.right, report
    assert report.closes >= CLOSES
    assert report.missed == 0
    assert report.done > 0.7 * report.due


def test_while_pg_cron_stands_still_candles_are_missed_and_counted(tmp_path: Path) -> None:
    report = rehearse(tmp_path, SECONDS, "stopped scheduler", seed=2)

    assert report.right, report
    assert report.closes >= CLOSES
    assert 1 <= report.missed <= 5
    assert report.done > 0.3 * report.due


def test_while_every_third_wake_is_lost_the_ticks_catch_up(tmp_path: Path) -> None:
    report = rehearse(tmp_path, SECONDS, "lost wakes", seed=3)

    assert report.right, report
    assert report.closes >= CLOSES
    assert report.wakes_seen >= 9
    assert report.done > 0.3 * report.due
