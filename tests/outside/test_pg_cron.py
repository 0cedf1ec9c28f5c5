"""The real pg_cron ticks; when it stalls, dies or is dead, nothing is lost, done twice or unseen.

The tests stand in the order that wastes the fewest minutes, and each can run alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from tests.fixtures.clock import set_clock
from tests.fixtures.project import SOURCE
from tests.fixtures.waiting import wait_for
from tests.outside.witness import FIRST_TICK_SECONDS, kill_and_start, stopped_scheduler
from tests.queue.scene import make_running, make_symbols

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database
    from tests.outside.conftest import Debian
    from tests.outside.witness import Tick, Witness

pytestmark = pytest.mark.timeout(240)
EVERY = 5.0
CANDLE = timedelta(minutes=5)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def market(cron_database: Database) -> Database:
    """A trader runs on 5m candles, so that every close is due; the market's clock stands still."""
    set_clock(cron_database, "market_now", "stable", NOON)
    make_symbols(cron_database)
    make_running(cron_database)
    return cron_database


@pytest.fixture
def shifted(cron_database: Database) -> Iterator[Database]:
    """Let a test replace the clock by which things are due."""
    yield cron_database
    cron_database.run((SOURCE / "12_clocks" / "now.sql").read_text())


def closes(market: Database) -> list[tuple[datetime, str]]:
    """Return the closes that were due to be fetched, and what became of each."""
    return market.rows(
        "select (t.payload ->> 'closes_at')::timestamptz, t.state from candlewatch.tasks as t "
        "where t.kind = 'ingest' order by 1"
    )


def let_close(market: Database, times: int) -> datetime:
    """Let candles close, one after the other; return the last close."""
    start: datetime = market.one("select candlewatch.market_now()")
    for number in range(1, times + 1):
        set_clock(market, "market_now", "stable", start + number * CANDLE)
    return start + times * CANDLE


def newest(market: Database) -> tuple[datetime, str]:
    return closes(market)[-1] if closes(market) else (NOON - CANDLE, "none")


def test_a_dead_scheduler_is_seen_from_outside_within_a_minute(shifted: Database) -> None:
    stranger = shifted.connect("anon")

    def status(seconds: float) -> str:
        at = shifted.one("select s.last_at from candlewatch.schedules as s where s.name = 'tick'")
        set_clock(shifted, "now", "stable", at + timedelta(seconds=seconds))
        row = stranger.execute("select public.health() ->> 'status'").fetchone()
        return str(row and row[0])

    with stopped_scheduler(shifted):
        shifted.run("select candlewatch.tick()")

        assert status(59) != "stopped"
        assert status(61) == "stopped"


def test_the_run_log_is_pruned_also_of_runs_that_never_started(
    market: Database, witness: Witness
) -> None:
    witness.wait_for_ticks()
    superuser = market.connect("supabase_admin")
    superuser.execute(
        "insert into cron.job_run_details (jobid, runid, database, username, command, status, "
        "start_time, end_time) values "
        "(1, -9, 'x', 'postgres', 'never started', 'failed', null, null), "
        "(1, -8, 'x', 'postgres', 'old', 'failed', now() - interval '3 h', null), "
        "(1, -7, 'x', 'postgres', 'old', 'failed', now() - interval '4 h', now() - interval '3 h'),"
        "(1, -6, 'x', 'postgres', 'new', 'failed', null, null)"
    )

    market.run("update candlewatch.schedules set last_at = null where name = 'retention'")

    def left() -> list[tuple[Any, ...]]:
        return market.rows("select d.runid from cron.job_run_details as d where d.runid < 0")

    wait_for(lambda: left() == [(-6,)], "the removal of what is old", FIRST_TICK_SECONDS)
    assert market.one("select count(*) from cron.job_run_details as d where d.runid > 0") > 0
    market.run("delete from cron.job_run_details where runid = -6")


def test_a_crash_in_the_middle_of_a_tick_loses_nothing(
    debian: Debian, market: Database, witness: Witness
) -> None:
    wait_for(lambda: newest(market)[1] == "ready", "a close that is due", FIRST_TICK_SECONDS)
    before, jobs = closes(market), market.rows("select * from cron.job")
    close = let_close(market, 1)

    with witness.hanging_tick():
        kill_and_start(debian.server, market)
        assert closes(market) == before
        assert market.rows("select * from cron.job") == jobs

    wait_for(lambda: newest(market) == (close, "ready"), "the close again", FIRST_TICK_SECONDS)
    assert [at for at, _ in closes(market)] == [*(at for at, _ in before), close]
    assert len({at for at, _ in closes(market)}) == len(closes(market))


def test_ticks_come_every_five_seconds_each_in_a_transaction_of_its_own(
    debian: Debian, witness: Witness
) -> None:
    ticks = witness.wait_for_ticks(4) if debian.knows_seconds else a_whole_minute(witness)

    gaps = [(late.at - early.at).total_seconds() for early, late in pairwise(ticks)]
    assert all(EVERY - 2 < gap < EVERY + 2 for gap in gaps), gaps
    assert len({tick.transaction for tick in ticks}) == len(ticks)


def a_whole_minute(witness: Witness) -> list[Tick]:
    """Wait for the ticks of a minute and the first one of the next."""
    now = witness.now()
    minute = now.replace(second=0, microsecond=0)
    if now.second >= EVERY - 1:
        minute += timedelta(minutes=1)

    def all_there() -> bool:
        return any(tick.at >= minute + timedelta(minutes=1) for tick in witness.since(minute))

    wait_for(all_there, "the ticks of a minute", 130)
    ticks = witness.since(minute)[:13]
    seconds = [(tick.at - minute).total_seconds() for tick in ticks]
    assert [int(second // EVERY) for second in seconds] == list(range(13))
    assert seconds[-2] < 58
    return ticks


def test_after_a_stall_one_tick_catches_up_with_the_newest_close_alone(
    market: Database, witness: Witness
) -> None:
    witness.wait_for_ticks()
    before = closes(market)

    with witness.hanging_tick():
        until = witness.now() + timedelta(seconds=2.5 * EVERY)
        wait_for(lambda: witness.now() > until, "ticks that are missed")
        close = let_close(market, 3)
        opened = witness.now()

    wait_for(lambda: newest(market) == (close, "ready"), "the newest close", FIRST_TICK_SECONDS)
    witness.wait_for_ticks(2)
    assert closes(market) == [*((at, "expired") for at, _ in before), (close, "ready")]
    at_once = [tick for tick in witness.since(opened) if tick.at < opened + timedelta(seconds=2)]
    # The one that hung, the one that catches up, and the one whose turn it is just then.
    assert 1 <= len(at_once) <= 3
