"""The bridge sends what was queued and runs what is scheduled, also after the database was away."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from tests.fixtures.project import ENVIRONMENT
from tests.fixtures.waiting import wait_for

from candlewatch.local import bridge, ports, postgres, processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.database import Database

EXTENSIONS = "create extension pg_cron; create extension pg_net"


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """Receive requests; each is kept as method, a header and body."""
    received: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def _receive(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            received.append((self.command, self.headers.get("x-mark", ""), body))
            self.send_response(202)
            self.end_headers()
            self.wfile.write(b"thanks")

        do_POST = do_GET = _receive  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer((ports.LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://{ports.LOOPBACK}:{server.server_address[1]}/", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def bridged(empty_database: Database, tmp_path: Path) -> Iterator[Database]:
    """A database with both extensions, and a bridge process for it."""
    empty_database.run(EXTENSIONS)
    variables = ENVIRONMENT | {bridge.VARIABLE: empty_database.conninfo(postgres.SUPERUSER)}
    process = processes.start(
        "bridge",
        [sys.executable, "-m", "candlewatch.local.bridge"],
        log=tmp_path / "bridge.log",
        environment=variables,
    )
    yield empty_database
    process.stop()


def test_a_queued_request_is_sent_once_and_its_answer_kept(bridged: Database) -> None:
    with receiver() as (url, received):
        request = bridged.one(
            """select net.http_post(%s, '{"a": 1}', headers := '{"x-mark": "m"}')""", [url]
        )
        wait_for(lambda: bridged.one("select count(*) from net._http_response"), "the answer")

    assert received == [("POST", "m", b'{"a": 1}')]
    assert bridged.rows("select id, status_code, content, timed_out from net._http_response") == [
        (request, 202, "thanks", False)
    ]
    assert bridged.one("select count(*) from net.http_request_queue") == 0


def test_a_request_of_a_transaction_that_rolls_back_is_never_sent(bridged: Database) -> None:
    with receiver() as (url, received):
        connection = bridged.connect(autocommit=False)
        connection.execute("select net.http_get(%s)", [url + "?lost"])
        connection.rollback()
        bridged.run("select net.http_get(%s)", [url])
        wait_for(lambda: received, "the request that was committed")

    assert len(received) == 1


def test_a_request_to_nobody_leaves_its_error(bridged: Database) -> None:
    bridged.run("select net.http_get(%s)", [f"http://{ports.LOOPBACK}:{ports.free_port()}/"])

    wait_for(lambda: bridged.one("select error_msg from net._http_response"), "the error")
    assert bridged.one("select status_code from net._http_response") is None


def test_a_job_runs_again_and_again_as_its_user_and_leaves_its_runs(bridged: Database) -> None:
    bridged.run("create table public.ticks as select session_user as who, now() as at limit 0")

    bridged.run(
        "select cron.schedule('t', '1 second', 'insert into public.ticks select session_user')"
    )

    wait_for(lambda: bridged.one("select count(*) >= 2 from public.ticks"), "two ticks")
    assert bridged.rows("select distinct who::text from public.ticks") == [("postgres",)]
    wait_for(
        lambda: (
            ("succeeded", "INSERT 0 1")
            in bridged.rows("select status, return_message from cron.job_run_details")
        ),
        "the run's row",
    )


def test_a_job_that_fails_leaves_its_reason_and_runs_again(bridged: Database) -> None:
    bridged.run("select cron.schedule('t', '1 second', 'select 1 / 0')")

    wait_for(
        lambda: bridged.one("select count(*) >= 2 from cron.job_run_details"), "two failed runs"
    )
    assert bridged.rows("select distinct status from cron.job_run_details") == [("failed",)]


def test_a_job_may_commit(bridged: Database) -> None:
    bridged.run("create table public.ticks (at timestamptz)")
    bridged.run(
        "create procedure public.step() language plpgsql as "
        "$$ begin insert into public.ticks values (now()); commit; perform 1 / 0; end $$"
    )

    bridged.run("select cron.schedule('t', '1 second', 'call public.step()')")

    wait_for(lambda: bridged.one("select count(*) from public.ticks"), "what was committed")


def test_the_bridge_goes_on_after_its_connections_were_cut(bridged: Database) -> None:
    bridged.run("create table public.ticks (at timestamptz)")
    bridged.run("select cron.schedule('t', '1 second', 'insert into public.ticks values (now())')")
    wait_for(lambda: bridged.one("select count(*) from public.ticks"), "a tick")

    bridged.connect(postgres.SUPERUSER).execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name like %s and datname = current_database()",
        ["%stand-in"],
    )
    seen = bridged.one("select count(*) from public.ticks")

    wait_for(lambda: bridged.one("select count(*) from public.ticks") > seen, "a later tick")
    with receiver() as (url, received):
        bridged.run("select net.http_get(%s)", [url])
        wait_for(lambda: received, "a request")
