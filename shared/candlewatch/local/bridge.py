"""The bridge: one process that plays pg_net and pg_cron for a database with their stand-ins.

1. `Sender` listens on the channel that `net.http_post` notifies, deletes requests from the queue
   and sends them from a few threads. As with pg_net, a request is sent at most once and may be
   lost.
2. `Scheduler` reads `cron.job` every second and runs what is due, each job on a connection of its
   own as its user, never twice at a time; ticks that were missed meanwhile become one. Where
   pg_cron is the real one it does nothing.
3. Both wait for the database to come back when it is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import httpx
import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from candlewatch.local.cron import Calendar, Interval, parse_schedule

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE: Final = "CANDLEWATCH_BRIDGE"
"""Environment variable with the superuser's connection string."""

SENDERS_LIMIT: Final = 16
"""Requests on their way at a time."""

_BATCH: Final = 100
_POLL_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 0.5
_KEEP_RESPONSES: Final = "6 hours"

_TAKE: Final = """
delete from net.http_request_queue as request
where request.id in (
  select queued.id from net.http_request_queue as queued order by queued.id limit %s
)
returning request.id, request.method, request.url, request.headers, request.body,
  request.timeout_milliseconds
"""
_NOTE: Final = """
insert into net._http_response
  (id, status_code, content_type, headers, content, timed_out, error_msg)
values (%s, %s, %s, %s, %s, %s, %s)
"""
_JOBS: Final = """
select job.jobid, job.schedule, job.command, job.username
from cron.job as job
where job.active and job.database = current_database()
"""
_IS_REAL: Final = """
select exists (
  select from pg_proc as f join pg_language as l on l.oid = f.prolang
  where f.pronamespace = 'cron'::regnamespace and f.proname = 'schedule' and l.lanname = 'c'
) as real
"""
_RUN: Final = """
insert into cron.job_run_details
  (jobid, job_pid, database, username, command, status, return_message, start_time, end_time)
values (%s, %s, current_database(), %s, %s, %s, %s, %s, clock_timestamp())
"""


def _connect(conninfo: str, application: str) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(
        conninfo, autocommit=True, row_factory=dict_row, application_name=application
    )


@dataclass
class Sender:
    """Plays pg_net.

    Attributes:
        conninfo: superuser's connection string.
        stop: set to end.
    """

    conninfo: str
    stop: threading.Event

    def serve(self) -> None:
        """Send what is queued until `stop` is set, or until the database is gone."""
        with (
            _connect(self.conninfo, "pg_net stand-in") as connection,
            httpx.Client(follow_redirects=True, trust_env=False) as client,
            ThreadPoolExecutor(SENDERS_LIMIT) as pool,
        ):
            connection.execute("listen pg_net")
            while not self.stop.is_set():
                for request in connection.execute(_TAKE, [_BATCH]).fetchall():
                    pool.submit(self._send, client, request)
                for _ in connection.notifies(timeout=_POLL_SECONDS, stop_after=1):
                    continue

    def _send(self, client: httpx.Client, request: dict[str, Any]) -> None:
        response: httpx.Response | None = None
        problem: httpx.HTTPError | None = None
        try:
            response = client.request(
                request["method"],
                request["url"],
                content=request["body"],
                headers=request["headers"],
                timeout=request["timeout_milliseconds"] / 1000,
            )
        except httpx.HTTPError as exc:
            problem = exc
        # The answer is a courtesy; when the database is gone it is lost, as with pg_net.
        with contextlib.suppress(psycopg.Error), _connect(self.conninfo, "pg_net stand-in") as note:
            note.execute(_NOTE, [request["id"], *_outcome(response, problem)])
            note.execute(
                "delete from net._http_response where created < now() - %s::interval",
                [_KEEP_RESPONSES],
            )


@dataclass
class Scheduler:
    """Plays pg_cron.

    Attributes:
        conninfo: superuser's connection string.
        stop: set to end.
    """

    conninfo: str
    stop: threading.Event
    _started: dict[int, float] = field(default_factory=dict)
    _minutes: dict[int, datetime] = field(default_factory=dict)
    _running: dict[int, threading.Thread] = field(default_factory=dict)

    def serve(self) -> None:
        """Run what is due until `stop` is set, or until the database is gone."""
        with _connect(self.conninfo, "pg_cron stand-in") as connection:
            row = connection.execute(_IS_REAL).fetchone()
            if row is not None and row["real"]:
                self.stop.wait()
            while not self.stop.is_set():
                for job in connection.execute(_JOBS).fetchall():
                    if self._is_due(job, datetime.now(UTC), time.monotonic()):
                        self._start(job)
                self.stop.wait(1.0 - time.time() % 1.0)

    def _is_due(self, job: dict[str, Any], now: datetime, seconds: float) -> bool:
        running = self._running.get(job["jobid"])
        if running is not None and running.is_alive():
            return False
        schedule = parse_schedule(job["schedule"])
        match schedule:
            case Interval():
                return seconds >= self._started.get(job["jobid"], 0.0) + schedule.seconds - 0.5
            case Calendar():
                minute = now.replace(second=0, microsecond=0)
                # A job is not run in the minute in which the bridge first sees it.
                if self._minutes.setdefault(job["jobid"], minute) == minute:
                    return False
                self._minutes[job["jobid"]] = minute
                return schedule.allows(minute)

    def _start(self, job: dict[str, Any]) -> None:
        self._started[job["jobid"]] = time.monotonic()
        thread = threading.Thread(target=self._run, args=[job], daemon=True)
        self._running[job["jobid"]] = thread
        thread.start()

    def _run(self, job: dict[str, Any]) -> None:
        started = datetime.now(UTC)
        with (
            contextlib.suppress(psycopg.Error),
            _connect(self.conninfo, "pg_cron stand-in") as connection,
        ):
            pid = connection.info.backend_pid
            user = sql.Identifier(job["username"])
            connection.execute(sql.SQL("set session authorization {}").format(user))
            status, message = "succeeded", ""
            try:
                message = connection.execute(job["command"].encode()).statusmessage or ""
            except psycopg.Error as exc:
                status, message = "failed", str(exc)
            connection.execute("reset session authorization")
            note = [job["jobid"], pid, job["username"], job["command"], status, message, started]
            connection.execute(_RUN, note)


def keep_serving(serve: Callable[[], None], stop: threading.Event) -> None:
    """Call `serve` again whenever the database was gone, until `stop` is set."""
    while not stop.is_set():
        try:
            serve()
        except psycopg.Error as exc:
            print(f"the database is gone, trying again: {exc}", flush=True)  # noqa: T201
            stop.wait(_RETRY_SECONDS)


def _outcome(response: httpx.Response | None, problem: httpx.HTTPError | None) -> list[Any]:
    if response is None:
        return [None, None, None, None, isinstance(problem, httpx.TimeoutException), str(problem)]
    kind = response.headers.get("content-type")
    text = response.text.replace("\0", "")
    return [response.status_code, kind, Jsonb(dict(response.headers)), text, False, None]


def main() -> None:
    """Play both until SIGTERM."""
    conninfo = os.environ.pop(VARIABLE)
    stop = threading.Event()
    # Not an event: a handler that sets one may interrupt the wait that holds its lock.
    asked: SimpleQueue[None] = SimpleQueue()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked.put(None))
    for part in (Sender(conninfo, stop), Scheduler(conninfo, stop)):
        threading.Thread(target=keep_serving, args=[part.serve, stop], daemon=True).start()
    asked.get()
    stop.set()


if __name__ == "__main__":
    main()
