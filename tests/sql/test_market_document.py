"""docs/market.md states the retention and the limits that the database has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fixtures.project import PROJECT

from candlewatch.settings import HISTORY_WEIGHT_SHARE

if TYPE_CHECKING:
    from tests.fixtures.database import Database

TEXT = (PROJECT / "docs" / "market.md").read_text(encoding="utf-8")


def test_the_retention_of_each_timeframe_is_stated(database: Database) -> None:
    stated = [
        (name, int(count.replace(",", "")))
        for name, count in re.findall(r"^\| (\d+[mhdw]) \| ([\d,]+) \|", TEXT, re.MULTILINE)
    ]

    assert stated == database.rows(
        "select t.name, t.kept_count from candlewatch.timeframes as t order by t.length_ms"
    )


def test_the_share_of_history_is_stated_and_one(database: Database) -> None:
    share = database.one("select s.history_weight_pct from candlewatch.settings as s")

    assert f"History stops at {share} %" in TEXT
    assert share / 100 == HISTORY_WEIGHT_SHARE
