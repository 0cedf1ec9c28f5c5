"""`candlewatch status`: what runs, what is due, the last cycle and the last signals.

The exit code is 1 when nothing ticks: a watch from outside, on whatever machine, is this command on
any clock.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from candlewatch.cli.database_url import VARIABLE, add_option, connect_to
from candlewatch.cli.running import Running, find_running
from candlewatch.cli.signal_rows import last_signals, table_of
from candlewatch.wording import counted

if TYPE_CHECKING:
    import argparse

    import psycopg

_HEALTH: Final = """
select told.health ->> 'status', (told.health ->> 'tick_at')::timestamptz at time zone 'UTC'
from (select public.health()) as told (health)
"""
_TRADERS: Final = """
select states.state, count(*) from public.trader_states as states group by 1 order by 1
"""
_DUE: Final = """
select tasks.kind, tasks.state, count(*)
from candlewatch.tasks as tasks
where tasks.state in ('ready', 'leased')
group by 1, 2 order by 1, 2
"""
_CYCLE: Final = """
select dispatch.timeframe, dispatch.candle_at, dispatch.due_count, dispatch.done_count,
  dispatch.skipped_count, dispatch.failed_count, dispatch.expired_count, dispatch.signal_count
from monitor.dispatches as dispatch
where dispatch.kind = 'scheduled'
order by dispatch.closes_at desc, dispatch.timeframe
limit 3
"""
_RUNS: Final = """
select distinct on (run.function_name) run.function_name, run.started_at,
  coalesce(run.outcome, 'running')
from candlewatch.runs as run
order by run.function_name, run.started_at desc
"""
_SIGNALS_SHOWN: Final = 10


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("status", help="what runs, what is due, the last signals")
    parser.add_argument(
        "--env", action="store_true", help="print addresses and keys as environment lines"
    )
    add_option(parser, "postgres")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the status: of the database that is named, else of the stack that runs here."""
    if arguments.database_url or os.environ.get(VARIABLE):
        with connect_to(arguments) as connection:
            return _show(connection)
    running = find_running()
    if arguments.env:
        for name, value in environment_of(running).items():
            print(f"{name}={value}")
        return 0
    print(f"API        {running.state.url}")
    print(f"market     {running.state.market}, {running.state.exchange_url}")
    processes = ", ".join(f"{name} {pid}" for name, pid in running.state.processes.items())
    print(f"processes  {processes}")
    with running.connect() as connection:
        return _show(connection)


def _show(connection: psycopg.Connection) -> int:
    ((health, ticked),) = _rows(connection, _HEALTH)
    print(
        f"health     {health}, last tick {f'{ticked:%Y-%m-%d %H:%M:%S} UTC' if ticked else 'never'}"
    )
    for line in describe(connection):
        print(line)
    signals = last_signals(connection, _SIGNALS_SHOWN)
    print(table_of(signals) if signals else "signals    none yet")
    return int(health == "stopped")


def environment_of(running: Running) -> dict[str, str]:
    """Return what an application or a tool needs to reach the stack."""
    return {
        "SUPABASE_URL": running.state.url,
        "SUPABASE_PUBLISHABLE_KEY": running.credentials.publishable_key,
        "SUPABASE_SECRET_KEY": running.credentials.secret_key,
        "SUPABASE_JWT_SECRET": running.credentials.jwt_secret,
        "DATABASE_URL": running.database_url,
    }


def describe(connection: psycopg.Connection) -> list[str]:
    """Return traders by state, due tasks, the last runs and the last cycles, a line each."""
    traders = [f"{count} {state}" for state, count in _rows(connection, _TRADERS)]
    due = [f"{count} {kind} {state}" for kind, state, count in _rows(connection, _DUE)]
    lines = [
        f"traders    {', '.join(traders) or 'none'}",
        f"due        {', '.join(due) or 'nothing'}",
    ]
    for name, started, outcome in _rows(connection, _RUNS):
        lines.append(f"run        {name} at {started:%H:%M:%S}: {outcome}")
    for timeframe, candle, due_, done, skipped, failed, expired, signals in _rows(
        connection, _CYCLE
    ):
        lines.append(
            f"cycle      {timeframe} {candle:%Y-%m-%d %H:%M}: {counted(due_, 'slot')}, "
            f"{done} done, {skipped} skipped, {failed} failed, {expired} expired, "
            f"{counted(signals, 'signal')}"
        )
    return lines


def _rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()
