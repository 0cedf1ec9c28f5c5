"""Monitoring reads every figure in a form that it can parse, and nobody else reads any."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.fixtures.queue import Market
from tests.runs.test_invocation import SECRET, VARIABLES, wake

from candlewatch.database import Database as Worker
from candlewatch.errors import DatabaseUnavailable
from candlewatch.runs.environment import read_environment
from candlewatch.runs.metrics import MEANINGS, metrics, render
from candlewatch.runs.signature import SIGNATURE_HEADER, TIME_HEADER, sign

if TYPE_CHECKING:
    from tests.fixtures.clock import Clock
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

TOKEN: Final = "a token of the monitoring"
_SAMPLE: Final = re.compile(
    r'(?P<name>[a-z_]+)(?:\{(?P<labels>[a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*)\})? '
    r"(?P<value>-?[0-9.e+-]+)"
)


class Told:
    """A database that tells these figures."""

    def __init__(self, *figures: dict[str, Any]) -> None:
        self.figures = list(figures)
        self.asked = 0

    def metrics(self) -> list[dict[str, Any]]:
        self.asked += 1
        return self.figures


class Gone:
    """A database that does not answer."""

    def metrics(self) -> list[dict[str, Any]]:
        raise DatabaseUnavailable("no answer to metrics from the database: ConnectError")


def ask(event: dict[str, Any], database: Told | Gone, **more: str) -> dict[str, Any]:
    return metrics(event, read_environment(VARIABLES | more), database)


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


def samples_of(text: str) -> dict[str, float]:
    """Return the samples by name and labels; every other line has to be metadata."""
    lines = text.splitlines()
    assert lines[-1] == "# EOF"
    found: dict[str, float] = {}
    for line in lines[:-1]:
        match = _SAMPLE.fullmatch(line)
        if match is None:
            assert re.fullmatch(r"# (TYPE|HELP) candlewatch_[a-z_]+ \S.*", line), line
            continue
        key = f"{match['name']}{{{match['labels'] or ''}}}"
        assert key not in found
        found[key] = float(match["value"])
    return found


def test_a_signed_call_and_the_bearer_of_the_token_are_told() -> None:
    database = Told({"name": "ready_jobs", "labels": {}, "value": 3})

    signed = ask(wake("{}"), database)
    shown = ask(bearer(TOKEN), database, CANDLEWATCH_METRICS_TOKEN=TOKEN)

    assert signed["statusCode"] == shown["statusCode"] == 200
    assert signed["body"] == shown["body"]
    assert samples_of(signed["body"]) == {"candlewatch_ready_jobs{}": 3.0}
    assert signed["headers"]["content-type"].startswith("application/openmetrics-text")


def test_strangers_are_refused_before_the_database_is_asked() -> None:
    database = Told()
    old = (datetime.now(UTC) - timedelta(minutes=6)).isoformat()
    stale = {"headers": {TIME_HEADER: old, SIGNATURE_HEADER: sign(SECRET, old, "")}, "body": ""}

    answers = [
        ask({"headers": {}}, database),
        ask(stale, database),
        ask(bearer(""), database),
        ask(bearer(TOKEN), database),
        ask(bearer("another token"), database, CANDLEWATCH_METRICS_TOKEN=TOKEN),
        ask(bearer("wörong"), database, CANDLEWATCH_METRICS_TOKEN=TOKEN),
    ]

    assert [answer["statusCode"] for answer in answers] == [401] * 6
    assert database.asked == 0


def test_without_the_database_the_answer_is_a_503() -> None:
    assert ask(wake("{}"), Gone())["statusCode"] == 503


def test_a_counter_ends_in_total_and_an_unknown_figure_is_told_too() -> None:
    text = render(
        [
            {"name": "brand_new", "labels": {}, "value": 1},
            {"name": "wakes", "labels": {"function": 'a"b\\c\nd'}, "value": 7},
        ]
    )

    assert text.splitlines() == [
        "# TYPE candlewatch_brand_new unknown",
        "candlewatch_brand_new 1",
        "# TYPE candlewatch_wakes counter",
        f"# HELP candlewatch_wakes {MEANINGS['wakes'][1]}",
        'candlewatch_wakes_total{function="a\\"b\\\\c\\nd"} 7',
        "# EOF",
    ]


@pytest.fixture
def told(database: Database, clock: Clock, rest: Rest) -> dict[str, float]:
    """Return what is told of a candle with three slots: one waits, two were reported."""
    market = Market(database, clock)
    market.list_symbols()
    market.run_traders(3, emit="every_candle")
    database.run("update candlewatch.settings set slots_per_job = 1")
    market.close_and_enqueue()
    database.run(
        "insert into candlewatch.runs (function_name, worker, cold, started_at, ended_at, outcome) "
        "select 'evaluate', 'w', o.n = 1, candlewatch.lease_clock() - o.n * interval '10 seconds', "
        "case when o.said is not null then candlewatch.lease_clock() - o.n * interval '8 seconds' "
        "end, o.said from (values (1, 'done'), (2, 'done'), (3, 'failed: x'), (4, null), "
        "(30, null)) as o (n, said)"
    )
    database.run("update candlewatch.functions set woken_count = 5 where name = 'check'")
    clock.set(clock.moment + timedelta(seconds=2))
    batch = market.call("claim_batch", "00000000-0000-0000-0000-000000000001", "w", 2, 1e9, 20.0)
    market.complete(batch, (0, 2))
    clock.set(clock.moment + timedelta(seconds=5))
    worker = Worker.at(rest.url, "", rest.token("candlewatch_worker"))
    answer = metrics(wake("{}"), read_environment(VARIABLES), worker)
    worker.close()
    return samples_of(answer["body"])


def test_the_database_tells_what_waits_and_what_was_done(told: dict[str, float]) -> None:
    assert told["candlewatch_ready_jobs{}"] == told["candlewatch_ready_slots{}"] == 1
    assert told["candlewatch_oldest_ready_age_seconds{}"] == 7
    assert told["candlewatch_slots_due_last_hour{}"] == 3
    assert told['candlewatch_slots_last_hour{outcome="done"}'] == 2
    assert told['candlewatch_slots_last_hour{outcome="failed"}'] == 0
    assert told["candlewatch_signals_last_hour{}"] == 4
    assert told['candlewatch_close_to_signal_seconds{quantile="0.5"}'] == 2
    assert told['candlewatch_close_to_signal_seconds{quantile="0.99"}'] == 2
    assert told['candlewatch_newest_candle_age_seconds{timeframe="5m"}'] == 7
    assert told["candlewatch_leased_jobs{}"] == 0


def test_the_database_tells_how_functions_run(told: dict[str, float]) -> None:
    assert told['candlewatch_runs_last_hour{function="evaluate",outcome="done"}'] == 2
    assert told['candlewatch_runs_last_hour{function="evaluate",outcome="failed"}'] == 1
    assert told['candlewatch_runs_last_hour{function="evaluate",outcome="lost"}'] == 1
    assert told['candlewatch_running{function="evaluate"}'] == 1
    assert told['candlewatch_running{function="check"}'] == 0
    assert told['candlewatch_cold_runs_last_hour{function="evaluate"}'] == 1
    assert told['candlewatch_run_seconds{function="evaluate",quantile="1"}'] == 6
    assert told['candlewatch_wakes_total{function="check"}'] == 5
    assert told['candlewatch_last_done_age_seconds{function="evaluate"}'] == 15


def test_every_figure_has_a_meaning_and_none_names_a_person(
    told: dict[str, float], database: Database
) -> None:
    names = {row[0] for row in database.rows("select distinct f.name from monitor.figures as f")}
    labels = {
        row[0]
        for row in database.rows(
            "select distinct jsonb_object_keys(f.labels) from monitor.figures as f"
        )
    }

    assert told
    assert names <= MEANINGS.keys()
    assert labels <= {
        "state", "kind", "outcome", "quantile", "timeframe", "source", "function", "schedule"
    }  # fmt: skip


def test_every_meaning_has_its_figure(database: Database) -> None:
    source = "\n".join(
        row[0]
        for row in database.rows(
            "select pg_get_viewdef(c.oid) from pg_class as c "
            "where c.relnamespace = 'monitor'::regnamespace and c.relname like '%_figures'"
        )
    )

    assert [name for name in MEANINGS if f"'{name}'" not in source] == []
