"""A signal that was made in shadow is never shown like one that was sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.fixtures.factories import make_trader

from candlewatch.cli.signal_rows import last_signals, signals_after, signals_of_close, table_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from tests.fixtures.database import Database

    from candlewatch.cli.signal_rows import SignalRow

WRITE = """
insert into public.signals (
  trader_id, account_id, filter_id, symbol, timeframe, candle_at, price, "values", dispatch_id,
  frame_revision, created_at, shadow
)
select s.trader_id, s.account_id, s.filter_id, x.symbol, '5m', '2026-01-05 12:00+00', 1, x.why, 1,
  1, now(), x.shadow
from public.trader_states as s
cross join (
  values ('AUSDT', '{}'::jsonb, false), ('BUSDT', '{"fast": 2.5}', true), ('CUSDT', '{}', true)
) as x (symbol, why, shadow)
where s.trader_id = %s
"""


@pytest.mark.parametrize(
    "read",
    [
        lambda sql: last_signals(sql, 10),
        lambda sql: signals_after(sql, ("0", 0), 10),
        lambda sql: signals_of_close(sql, datetime(2026, 1, 5, 12, 5, tzinfo=UTC)),
    ],
    ids=["last", "after", "of a close"],
)
def test_a_signal_of_a_shadow_is_marked_at_the_end_of_its_line(
    database: Database, read: Callable[[psycopg.Connection], list[SignalRow]]
) -> None:
    database.run(WRITE, [make_trader(database)])

    lines = {line.split("USDT")[0][-1]: line for line in table_of(read(database.sql)).split("\n")}

    assert not lines["A"].endswith("(shadow)")
    assert lines["B"].endswith("fast=2.5 (shadow)")
    assert lines["C"].endswith("(shadow)")
