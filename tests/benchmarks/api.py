"""The API's figures: polling for signals with 50 users at once, and from a start to running.

`python -m tests.benchmarks.api --short` does it with a tenth of the signals. The users ask through
PostgREST, each on a connection of its own: paced as an app asks (once a second), then as fast as
they can; the plan of a poll has to read new signals alone. Starts go the whole way: API, wake,
function host, check: the first with no function awake (cold), then one after another, known filters
and new ones, then several at once. Each has to run within two seconds.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from tests.api.stage import WAKE_SECRET, serving
from tests.benchmarks.queue_stage import benchmark_server
from tests.benchmarks.report import Report
from tests.fixtures.database import open_database
from tests.fixtures.rest import running_rest
from tests.sql.plans import nodes_of

from candlewatch.local import bridge
from candlewatch.local.preparation import keep_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.stage import Api
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest
    from tests.fixtures.server import Server

USERS: Final = 50
SIGNALS: Final = 1_000_000
STARTS: Final = 40
STARTS_AT_ONCE: Final = 8
POLL_SECONDS: Final = 0.05
RUNNING_MS: Final = 2_000.0
"""From `start_trader` to `running`, whatever the filter and whatever is awake."""
POLLED: Final = 100
SETTLED_SECONDS: Final = 6.0
"""A tick comes every five seconds and wakes what the first start made due."""
MILLISECONDS: Final = 1000.0

_FILL: Final = """
insert into auth.users (id, email)
  select gen_random_uuid(), n || '@bench.example' from generate_series(1, {users}) as n;
insert into public.accounts (id, tier)
  select u.id, 'elite' from auth.users as u where u.email like '%@bench.example'
  on conflict (id) do update set tier = excluded.tier;
insert into public.traders (id, account_id, name, filter)
  select gen_random_uuid(), u.id, 'bench', 'close > open'
  from auth.users as u where u.email like '%@bench.example';
insert into public.signals (
  transaction_id, trader_id, account_id, filter_id, symbol, timeframe, candle_at, price, change_pct,
  volume, "values", dispatch_id, frame_revision, created_at
)
select (n / 200 + 1)::text::xid8, t.id, t.account_id, 1, 'S' || n % 40 || 'USDT', '5m',
  now() - (n / 40) * interval '5 minutes', 1.5, 0.2, 1000, '{{"fast": 1.25, "slow": 1.5}}', 1, 1,
  now()
from (select t.*, row_number() over (order by t.id) - 1 as place from public.traders as t
  where t.name = 'bench') as t
cross join generate_series(0, {each} - 1) as n;
"""


def measure(report: Report, *, short: bool = False) -> None:
    """Measure polling and starting; `short` is a tenth of the signals."""
    signals = SIGNALS // (10 if short else 1)
    with (
        benchmark_server() as server,
        tempfile.TemporaryDirectory() as folder,
        standing(server, Path(folder)) as (database, rest),
    ):
        fill(database, signals)
        measure_polls(report, database, rest, 5.0 if short else 20.0)
        with serving(database, rest, Path(folder)) as api, woken(api):
            measure_starts(report, api, STARTS // (4 if short else 1))


@contextmanager
def standing(server: Server, folder: Path) -> Iterator[tuple[Database, Rest]]:
    """Give a database of its own with a PostgREST before it."""
    with open_database(server, server.clone()) as database, running_rest(database, folder) as rest:
        yield database, rest


@contextmanager
def woken(api: Api) -> Iterator[None]:
    """Send wakes and run schedules, as pg_net and pg_cron do."""
    keep_secret(api.database.sql, "candlewatch_wake_secret", WAKE_SECRET)
    keep_secret(api.database.sql, "candlewatch_functions_url", f"{api.url}/functions/v1")
    # The jobs were set up in the template that this database was cloned from.
    superuser = api.database.connect("supabase_admin")
    superuser.execute("update cron.job set database = current_database()")
    superuser.close()
    stop = threading.Event()
    conninfo = api.database.conninfo("supabase_admin")
    threads = [
        threading.Thread(target=bridge.keep_serving, args=[part.serve, stop])
        for part in (bridge.Sender(conninfo, stop), bridge.Scheduler(conninfo, stop))
    ]
    with ExitStack() as stack:
        for thread in threads:
            thread.start()
            stack.callback(thread.join)
        stack.callback(stop.set)
        yield


def fill(database: Database, signals: int) -> None:
    """Make users with as many signals each, without the triggers that a real write passes."""
    database.run("select candlewatch.prepare_partitions()")
    superuser = database.connect("supabase_admin")
    superuser.execute("set session_replication_role = replica")
    superuser.execute(_FILL.format(users=USERS, each=signals // USERS).encode())
    superuser.close()
    database.run("vacuum (analyze) public.signals, public.accounts, public.traders, auth.users")


def measure_polls(report: Report, database: Database, rest: Rest, seconds: float) -> None:
    """Ask with a cursor near the end: most answers hold the few newest signals."""
    users = [
        str(row[0])
        for row in database.rows("select u.id from auth.users as u where u.email like '%@bench%'")
    ]
    # The newest five of each: rows are numbered by transaction, 200 of a user to each.
    newest = database.one("select max(s.transaction_id::text::bigint) from public.signals as s")
    known = database.one(
        "select max(s.id) - 5 from public.signals as s where s.account_id = %s", [users[0]]
    )
    cursors = dict.fromkeys(users, f"{newest}:0") | {users[0]: f"{newest}:{known}"}
    for user in users[:2]:
        rows = rows_read(database, user, cursors[user])
        report.at_most("api.poll.rows_read", rows, "rows", 1.2 * POLLED)
    paced = poll(rest, cursors, seconds, pause=1.0)
    report.at_most("api.poll.paced.p50", statistics.median(paced), "ms", 25)
    report.at_most("api.poll.paced.p99", percentile(paced, 99), "ms", 150)
    flood = poll(rest, cursors, seconds, pause=0.0)
    report.at_most("api.poll.flood.p50", statistics.median(flood), "ms", 200)
    report.at_most("api.poll.flood.p99", percentile(flood, 99), "ms", 800)
    report.at_least("api.poll.throughput", len(flood) / seconds, "polls/s", 200)


def rows_read(database: Database, user: str, cursor: str) -> int:
    """Return how many signals a poll reads, shown or not, by the plan that it really ran."""
    call = "select public.signals_since(%s, %s)"
    nodes = nodes_of(database, call, [cursor, POLLED], user=UUID(user))
    read = [node for node in nodes if str(node.get("Relation Name", "")).startswith("signals")]
    if "Index Scan" not in {node["Node Type"] for node in read}:
        raise RuntimeError(f"a poll does not use its index: {read}")
    return sum(int(node["Actual Rows"]) + node.get("Rows Removed by Filter", 0) for node in read)


def poll(rest: Rest, cursors: dict[str, str], seconds: float, pause: float) -> list[float]:
    """Let all users ask for so long; return the milliseconds of every question."""
    ends = time.perf_counter() + seconds
    taken: list[float] = []
    wrong: list[int] = []

    def ask(user: str, delay: float) -> None:
        token = rest.token("authenticated", sub=user, aud="authenticated", exp=4_000_000_000)
        headers = {"Authorization": f"Bearer {token}"}
        path = f"/rpc/signals_since?p_cursor={cursors[user]}&p_limit={POLLED}"
        connection = http.client.HTTPConnection("127.0.0.1", rest.postgrest.port, timeout=30)
        due = time.perf_counter() + delay
        while (now := time.perf_counter()) < ends:
            if due > now:
                time.sleep(min(due, ends) - now)
                continue
            due += pause
            begun = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            taken.append((time.perf_counter() - begun) * MILLISECONDS)
            if answer.status != http.client.OK or b'"symbol"' not in body:
                wrong.append(answer.status)
        connection.close()

    threads = [
        threading.Thread(target=ask, args=[user, pause * place / len(cursors)])
        for place, user in enumerate(cursors)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {len(taken)} answers held no signals: {wrong[:3]}")
    return taken


def measure_starts(report: Report, api: Api, count: int) -> None:
    """From the call to `running`, with no function awake, and with all of them."""
    token = api.sign_up()
    _, cold = start(api, token, "close > 0.25 * open")
    report.at_most("api.start_to_running.cold", cold, "ms", RUNNING_MS)
    # Known filters, once the functions that the first start woke have started.
    start(api, token, "close > open")
    time.sleep(SETTLED_SECONDS)
    known = [start(api, token, "close > open") for _ in range(count)]
    new = [start(api, token, f"close > {n}.5 * open") for n in range(count)]
    with ThreadPoolExecutor(STARTS_AT_ONCE) as users:
        tokens = [api.sign_up() for _ in range(STARTS_AT_ONCE)]
        burst = [
            users.submit(start, api, tokens[n % STARTS_AT_ONCE], f"close > {n}.75 * open")
            for n in range(count)
        ]
        at_once = [begun.result() for begun in burst]
    calls = [call for call, _ in known + new]
    report.at_most("api.start_trader.call.p50", statistics.median(calls), "ms", 50)
    report.at_most("api.start_trader.call.p99", percentile(calls, 99), "ms", 500)
    for name, told in (("known", known), ("new", new), ("at_once", at_once)):
        running = [total for _, total in told]
        report.at_most(f"api.start_to_running.{name}.p50", statistics.median(running), "ms", 1_000)
        report.at_most(f"api.start_to_running.{name}.max", max(running), "ms", RUNNING_MS)


def start(api: Api, token: str, text: str) -> tuple[float, float]:
    """Start a stopped trader; return the milliseconds of the call and until it runs."""
    made = api.rpc("create_trader", token, p_name="n", p_filter=text, p_enabled=False)
    trader = made.json()["id"]
    begun = time.perf_counter()
    answer = api.rpc("start_trader", token, p_trader=trader)
    call = (time.perf_counter() - begun) * MILLISECONDS
    while json.loads(answer.text)["state"] == "starting":
        time.sleep(POLL_SECONDS)
        answer = api.rpc("trader_status", token, p_trader=trader)
    total = (time.perf_counter() - begun) * MILLISECONDS
    if answer.json()["state"] != "running":
        raise RuntimeError(f"the trader does not run: {answer.text}")
    return call, total


def percentile(values: list[float], percent: int) -> float:
    """Return a percentile of some values."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


if __name__ == "__main__":
    outcome = Report()
    measure(outcome, short="--short" in sys.argv)
    sys.exit(1 if outcome.is_short else 0)
