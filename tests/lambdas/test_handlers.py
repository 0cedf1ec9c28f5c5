"""Each handler works under Lambda's own runtime client, with what its bundle carries alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.api.stage import WAKE_SECRET, Api, serving
from tests.fixtures.database import open_database
from tests.fixtures.project import PROJECT
from tests.fixtures.rest import running_rest
from tests.lambdas.runtime import SETTINGS, RuntimeApi, lay_out, running

from candlewatch.deployment.bundles import BUNDLES, bundle_of, functions_of
from candlewatch.local.payload import event_of
from candlewatch.runs.signature import SIGNATURE_HEADER, TIME_HEADER, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.fixtures.server import Server

    Start = Callable[..., AbstractContextManager[RuntimeApi]]

FUNCTIONS: Final = functions_of(PROJECT)
WOKEN: Final = ("check", "evaluate", "ingest")
CALLED: Final = ("check", "explain", "preview")
NEEDED: Final = ("API_URL", "API_KEY", "WORKER_TOKEN", "WAKE_SECRET")


@pytest.fixture(scope="module")
def api(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Run the API over a database with candles."""
    folder = tmp_path_factory.mktemp("api")
    with (
        open_database(server, server.clone()) as database,
        running_rest(database, folder) as rest,
        serving(database, rest, folder) as served,
    ):
        yield served


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("task")
    return {name: lay_out(name, folder / name) for name in BUNDLES}


@pytest.fixture
def start(api: Api, trees: dict[str, Path], tmp_path: Path) -> Start:
    """Return what runs a function with its settings, or with others."""
    told = {
        **SETTINGS,
        "CANDLEWATCH_API_URL": api.url,
        "CANDLEWATCH_API_KEY": api.key,
        "CANDLEWATCH_WORKER_TOKEN": api.rest.token("candlewatch_worker"),
        "CANDLEWATCH_WAKE_SECRET": WAKE_SECRET,
    }

    def run(function: str, **changes: str | None) -> AbstractContextManager[RuntimeApi]:
        variables = {k: v for k, v in {**told, **changes}.items() if v is not None}
        return running(trees[bundle_of(function)], function, variables, tmp_path)

    return run


def wake(function: str, age: timedelta = timedelta(0), secret: str = WAKE_SECRET) -> dict[str, Any]:
    moment = (datetime.now(UTC) - age).isoformat()
    body = json.dumps({"function": function})
    signed = {TIME_HEADER: moment, SIGNATURE_HEADER: sign(secret, moment, body)}
    return event_of("POST", "/", "", signed, body.encode())


def ask(runtime: RuntimeApi, event: dict[str, Any]) -> tuple[int, str]:
    """Hand an event out; return status and body of the answer."""
    runtime.events.put(event)
    kind, answer = runtime.answered()
    assert kind == "response", answer
    assert answer["headers"]["content-type"]
    return answer["statusCode"], answer["body"]


@pytest.mark.parametrize("name", WOKEN)
def test_a_signed_wake_is_served_and_recorded(api: Api, start: Start, name: str) -> None:
    with start(name) as runtime:
        first = ask(runtime, wake(name))
        second = ask(runtime, wake(name))

    runs = [json.loads(body)["run"] for _, body in (first, second)]
    assert (first[0], second[0]) == (200, 200)
    assert api.database.rows(
        "select cold, outcome from candlewatch.runs where id = any (%s) order by id", [runs]
    ) == [(True, "done"), (False, "done")]


@pytest.mark.parametrize("name", [*WOKEN, "metrics"])
def test_what_is_not_rightly_signed_is_refused_and_leaves_no_trace(
    api: Api, start: Start, name: str
) -> None:
    before = api.database.one("select count(*) from candlewatch.runs")
    with start(name) as runtime:
        answers = [
            ask(runtime, event_of("POST", "/", "", {}, b"{}")),
            ask(runtime, wake(name, age=timedelta(minutes=6))),
            ask(runtime, wake(name, secret="another secret")),
        ]

    assert [status for status, _ in answers] == [401] * 3
    assert api.database.one("select count(*) from candlewatch.runs") == before


def call(token: str, **body: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return event_of("POST", "/", "", headers, json.dumps(body).encode())


@pytest.mark.parametrize("name", CALLED)
def test_a_users_call_is_served_and_a_strangers_is_not(api: Api, start: Start, name: str) -> None:
    token = api.sign_up()
    made = api.rpc("create_trader", token, p_name="t", p_filter="close > open")
    wish = {"trader": made.json()["id"]} if name == "explain" else {"filter": "close > open"}
    with start(name) as runtime:
        served = ask(runtime, call(token, **wish))
        refused = ask(runtime, event_of("POST", "/", "", {}, json.dumps(wish).encode()))

    assert served[0] == 200, served
    assert (refused[0], json.loads(refused[1])["code"]) == (401, "CW009")


def test_health_answers_anybody_and_says_so_in_its_log(start: Start, tmp_path: Path) -> None:
    with start("health") as runtime:
        status, body = ask(runtime, event_of("GET", "/", "", {}, b""))
        scheduled = ask(runtime, {"source": "aws.events", "detail-type": "Scheduled Event"})

    line = json.loads((tmp_path / "health.log").read_text().splitlines()[-1])
    assert (status, json.loads(body)["status"]) == (503, "stopped")
    assert scheduled[0] == 503
    assert (line["event"], line["ticks"], line["status"]) == ("health", False, "stopped")


def test_metrics_tells_the_bearer_of_its_token(start: Start) -> None:
    token = {"Authorization": "Bearer a token of the monitoring"}
    with start("metrics", CANDLEWATCH_METRICS_TOKEN="a token of the monitoring") as runtime:
        status, text = ask(runtime, event_of("GET", "/", "", token, b""))

    assert (status, text.endswith("# EOF\n")) == (200, True)
    assert "candlewatch_ready_jobs " in text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_missing_setting_fails_the_start_by_its_name(start: Start, name: str) -> None:
    missing = f"CANDLEWATCH_{NEEDED[FUNCTIONS.index(name) % len(NEEDED)]}"
    with start(name, **{missing: None}) as runtime:
        kind, said = runtime.answered()

    assert (kind, said["errorType"]) == ("init", "SetupError")
    assert missing in said["errorMessage"]
    assert WAKE_SECRET not in json.dumps(said)


def test_a_whole_batch_is_checked_evaluated_and_reported(api: Api, start: Start) -> None:
    token = api.sign_up()
    made = api.rpc(
        "create_trader", token, p_name="rises", p_filter="close > open + 0 * sma(close, 20)"
    ).json()
    with start("check") as checking:
        checked = ask(checking, wake("check"))
    ran = api.rpc("run_trader", token, p_trader=made["id"])

    with start("evaluate") as runtime:
        status, body = ask(runtime, wake("evaluate"))

    counts = json.loads(body)
    assert (checked[0], ran.status_code, status) == (200, 200, 200), (checked, ran.text, body)
    assert counts["jobs"] >= 1
    assert counts["done"] >= 1
    assert counts["signals"] >= 1
    symbols = api.database.rows(
        "select symbol from public.signals where trader_id = %s", [made["id"]]
    )
    assert ("BTCUSDT",) in symbols


def test_a_run_ends_before_lambda_ends_it(start: Start) -> None:
    with start("evaluate") as runtime:
        runtime.seconds = 3.5
        status, body = ask(runtime, wake("evaluate"))

    assert (status, json.loads(body)["jobs"]) == (200, 0)
