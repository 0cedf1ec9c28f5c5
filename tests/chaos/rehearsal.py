"""The rehearsal: the whole system with the real pg_cron, at ten times the speed of the market.

1. `rehearse`   the local stack on Debian's Postgres 17: real function processes, a bridge for the
                wakes, a simulated exchange; pg_cron ticks by itself
2. `_prepare`   traders that all start at once, when the exchange's symbols are there
3. `_play`      nothing happens, or pg_cron stands still for the middle third, or every third wake
                is lost
4. `_settle`    the market stands still, and what is due ends
5. `report_on`  how each slot ended, and whether the signals are those that the candles ask for
"""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import httpx
from tests.chaos.report import Cast, Report, report_on
from tests.chaos.scene import FILTERS, Order
from tests.fixtures.clock import set_clock
from tests.fixtures.database import Database
from tests.fixtures.factories import make_account, make_trader
from tests.fixtures.project import PROJECT
from tests.fixtures.server import Server
from tests.fixtures.waiting import wait_for
from tests.outside.debian import PROGRAMS, cron_settings
from tests.outside.witness import stopped_scheduler

from candlewatch.local.ground import forget_server_folder
from candlewatch.local.home import Home
from candlewatch.local.installation import installation_at
from candlewatch.local.market import CLOSE_MARGIN, MarketChoice
from candlewatch.local.options import StackOptions
from candlewatch.local.stack import running_stack
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

Trouble = Literal["none", "stopped scheduler", "lost wakes"]
TROUBLES: Final[tuple[Trouble, ...]] = ("none", "stopped scheduler", "lost wakes")

SPEED: Final = 10.0
SYMBOLS: Final = 24
ACCOUNTS: Final = 6
TRADERS: Final = 10
LONE_CANDLE: Final = [text for text in FILTERS if "[1]" not in text and "crossed" not in text]
"""What a filter sees of the candle before depends on when a missed one was fetched."""

_START_SECONDS: Final = 60.0
_SETTLE_SECONDS: Final = 60.0
_LOSE_WAKES: Final = """
create sequence public.wakes_seen;
create function public.lose_every_third() returns trigger language plpgsql security definer as $$
begin
  return case when nextval('public.wakes_seen') % 3 = 0 then null else new end;
end
$$;
create trigger every_third_is_lost before insert on net.http_request_queue
  for each row execute function public.lose_every_third();
"""
_UNFINISHED: Final = """
select exists (select from candlewatch.enqueues) or exists (select from candlewatch.ready)
  or exists (select from candlewatch.retries) or exists (select from candlewatch.leased)
  or exists (select from candlewatch.expiries) or exists (
    select from candlewatch.tasks as t where t.kind = 'ingest' and t.state in ('ready', 'leased')
  ) or not exists (
    select from candlewatch.dispatches as d
    where d.closes_at = candlewatch.candle_start('1m', candlewatch.market_now())
  )
"""


def rehearse(folder: Path, seconds: float, trouble: Trouble, seed: int) -> Report:
    """Let the system run for so long, in some trouble; report how it went.

    Args:
        folder: takes its files.
        seconds: of the wall clock; the market's are ten times as many.
        trouble: what happens in the middle third, or all the time.
        seed: of the traders and of the market.
    """
    home = Home(PROJECT, folder / "home")
    options = StackOptions(
        market="simulated",
        choice=MarketChoice("simulated", speed=SPEED),
        settings=cron_settings("simulated"),
        installation=installation_at(PROGRAMS["17"]),
        # Ahead of the wall clock from the first moment on, as it soon would be at this speed: the
        # traders' starts are told by the wall clock, and count for candles that close after them.
        start=TIMEFRAMES["5m"].floor(datetime.now(UTC)) + timedelta(hours=1) + CLOSE_MARGIN,
        exchange_arguments=("--symbols", str(SYMBOLS), "--seed", str(seed)),
    )
    try:
        with running_stack(home, options) as stack, ExitStack() as exit_stack:
            server = Server(stack.cluster, stack.credentials)
            database = Database(server, stack.database, exit_stack)
            stack.release()
            cast = _prepare(database, random.Random(seed))
            noticed = _play(database, f"{stack.url}/functions/v1/health", seconds, trouble)
            _settle(database)
            return report_on(database, cast, noticed)
    finally:
        forget_server_folder(home.postgres)


def _prepare(database: Database, chance: random.Random) -> Cast:
    database.run(
        "update candlewatch.settings set first_history_candles = 5, deep_history_candles = 5"
    )
    wait_for(
        lambda: database.one("select count(*) from public.symbols") == SYMBOLS,
        "the symbols of the exchange",
        _START_SECONDS,
    )
    symbols = [name for (name,) in database.rows("select s.symbol from public.symbols as s")]
    accounts = [make_account(database) for _ in range(ACCOUNTS)]
    orders = [
        _make_order(database, account, symbols, chance)
        for account in accounts
        for _ in range(TRADERS)
    ]
    wait_for(
        lambda: (
            not database.one("select count(*) from candlewatch.filters where state = 'pending'")
        ),
        "the check of all filters",
        _START_SECONDS,
    )
    database.run("update public.traders set enabled = true")
    assert database.rows("select s.state, count(*) from public.trader_states as s group by 1") == [
        ("running", len(orders))
    ]
    return Cast(orders, symbols, database.one("select candlewatch.market_now()"))


def _make_order(
    database: Database, account: UUID, symbols: list[str], chance: random.Random
) -> Order:
    text, positions = chance.choice(LONE_CANDLE), tuple(chance.sample(range(SYMBOLS), 8))
    trader = make_trader(
        database,
        account=account,
        filter=text,
        timeframe="1m",
        universe={"symbols": [symbols[position] for position in positions]},
        enabled=False,
    )
    return Order(trader, text, positions)


def _play(database: Database, health: str, seconds: float, trouble: Trouble) -> float:
    """Let time pass; return after how many seconds a stop of pg_cron was noticed, 0 if never."""
    if trouble == "lost wakes":
        database.connect("supabase_admin").execute(_LOSE_WAKES)
    _let_pass(seconds / 3)
    if trouble == "stopped scheduler":
        with stopped_scheduler(database):
            noticed = _watch(health, seconds / 3)
        _let_pass(seconds / 3)
        return noticed
    _let_pass(2 * seconds / 3)
    return 0.0


def _let_pass(seconds: float) -> None:
    until = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > until, "time that passes", seconds + 1)


def _watch(health: str, seconds: float) -> float:
    """Ask for the health every second, as somebody outside does; return when it was bad."""
    started = time.monotonic()
    noticed = 0.0
    while time.monotonic() - started < seconds:
        _let_pass(1)
        if not noticed and httpx.get(health, timeout=20, trust_env=False).status_code == 503:
            noticed = time.monotonic() - started
    return noticed


def _settle(database: Database) -> None:
    set_clock(database, "market_now", "stable", database.one("select candlewatch.market_now()"))
    wait_for(lambda: not database.one(_UNFINISHED), "the end of what is due", _SETTLE_SECONDS)
