"""A partition that appears while somebody writes loses no row and refuses none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.queue.gates import background, result_of, waits

if TYPE_CHECKING:
    from tests.fixtures.database import Database

WRITE = """
insert into candlewatch.slot_outcomes (
  dispatch_id, trader_id, account_id, outcome, reason, attempt, ended_at
)
values (%s, %s, %s, 'skipped', 'it was stopped', 1, candlewatch.lease_clock())
"""
WHERE = "select tableoid::regclass::text from candlewatch.slot_outcomes order by dispatch_id"


def test_a_row_written_while_its_partition_appears_is_in_it_and_so_are_earlier_ones(
    database: Database,
) -> None:
    database.run(WRITE, [1, uuid4(), uuid4()])
    before = database.rows(WHERE)
    maker = database.connect(autocommit=False)
    maker.execute("select candlewatch.prepare_partitions()")
    writer = database.connect()

    with background() as pool:
        written = pool.submit(lambda: writer.execute(WRITE, [2, uuid4(), uuid4()]))
        waits(database, writer)
        maker.commit()
        result_of(written)

    after = [name for (name,) in database.rows(WHERE)]
    assert before == [("candlewatch.slot_outcomes_rest",)]
    assert len(after) == 2
    assert len(set(after)) == 1
    assert after[0].startswith("candlewatch.slot_outcomes_20")
