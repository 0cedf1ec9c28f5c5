"""A wake is signed and debounced; a frame is read as it was stored, by functions and by people."""

from __future__ import annotations

import base64
import json
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb
from tests.fixtures.queue import packed

from candlewatch.runs.signature import is_signed

if TYPE_CHECKING:
    from tests.fixtures.queue import Market

SECRET = "a secret of the test's own"
EXACT = [5e-324, -0.0, 1.7976931348623157e308, 0.1]


def let_wake(market: Market) -> None:
    market.database.run(
        "select vault.create_secret('http://127.0.0.1:9', 'candlewatch_functions_url'), "
        "vault.create_secret(%s, 'candlewatch_wake_secret')",
        [SECRET],
    )


def requests(market: Market) -> list[tuple[str, dict[str, str], str]]:
    return [
        (url, headers, bytes(body).decode())
        for url, headers, body in market.database.rows(
            "select url, headers, body from net.http_request_queue order by id"
        )
    ]


def test_a_wake_carries_a_signature_that_functions_accept(market: Market) -> None:
    let_wake(market)

    market.database.run("select candlewatch.wake('check', 1)")

    ((url, headers, body),) = requests(market)
    assert url == "http://127.0.0.1:9/check"
    assert json.loads(body) == {"function": "check"}
    assert is_signed(SECRET, headers, body, datetime.now(UTC))


def test_a_function_with_an_address_of_its_own_is_woken_there(market: Market) -> None:
    let_wake(market)
    market.database.run("select vault.create_secret('https://a.test/', 'candlewatch_evaluate_url')")

    market.database.run("select candlewatch.wake('evaluate', 1), candlewatch.wake('check', 1)")

    urls = [url for url, _, _ in requests(market)]
    assert urls == ["https://a.test/", "http://127.0.0.1:9/check"]


def test_a_close_wakes_as_many_functions_as_the_last_one_had_work_for(market: Market) -> None:
    market.list_symbols()
    market.run_traders(6)
    market.database.run("update candlewatch.functions set cost_per_second = 1")
    market.close()
    first = market.database.one("select candlewatch.wake_demand('evaluate')")
    market.enqueue()
    batch = market.claim()
    market.complete(batch)
    run = market.call("start_run", "evaluate", "tester", False)["run"]  # noqa: FBT003
    market.call("end_run", run, "done", Jsonb({"cost": 3, "done": 6}))
    market.database.run("update candlewatch.functions set cost_per_second = 1")
    market.tick()
    idle = market.database.one("select candlewatch.wake_demand('evaluate')")

    market.close()

    assert (first, idle) == (1, 0)
    assert market.database.one("select candlewatch.wake_demand('evaluate')") == 3


def test_history_wakes_no_more_functions_than_may_work_on_it_and_a_close_one_more(
    market: Market,
) -> None:
    demand = "select candlewatch.wake_demand('ingest')"
    market.database.run(
        "select candlewatch.add_task('backfill', n::text, '{}') from generate_series(1, 60) as n"
    )

    alone = market.database.one(demand)
    market.call("start_run", "ingest", "tester", False)  # noqa: FBT003
    beside_it = market.database.one(demand)
    market.database.run("select candlewatch.add_task('ingest', 'now', '{}')")
    with_a_close = market.database.one(demand)
    market.database.run("update candlewatch.functions set running_limit = 5")
    with_room = market.database.one(demand)

    assert (alone, beside_it, with_a_close, with_room) == (1, 0, 1, 3)


def test_a_second_wake_within_the_debounce_time_is_not_sent(market: Market) -> None:
    let_wake(market)
    market.database.run("update candlewatch.functions set debounce_seconds = 60")

    sent = [market.database.one("select candlewatch.wake('evaluate', 1)") for _ in range(3)]

    assert sent == [1, 0, 0]


def test_a_function_that_has_to_stay_warm_is_woken_without_work_once_in_a_while(
    market: Market,
) -> None:
    let_wake(market)
    woken = "select candlewatch.wake(%s)"

    first = [market.database.one(woken, [name]) for name in ("check", "evaluate", "ingest")]
    soon = market.database.one(woken, ["check"])
    market.database.run(
        "update candlewatch.functions set woken_at = woken_at - interval '5 minutes'"
    )
    later = [market.database.one(woken, [name]) for name in ("check", "evaluate", "ingest")]

    assert (first, soon, later) == ([1, 0, 0], 0, [1, 0, 0])


def test_a_warm_function_that_runs_is_not_woken_for_it(market: Market) -> None:
    let_wake(market)
    market.database.run("select worker.start_run('check', 'f', false)")

    assert market.database.one("select candlewatch.wake('check')") == 0


def test_without_an_address_in_the_vault_nothing_is_sent(market: Market) -> None:
    assert market.database.one("select candlewatch.wake('evaluate', 1)") == 0


def end_run_of(market: Market, seconds: float, counts: dict[str, int]) -> float:
    run = market.database.one("select worker.start_run('evaluate', 'f', false) ->> 'run'")
    market.database.run(
        "update candlewatch.runs set started_at = started_at - make_interval(secs => %s)", [seconds]
    )
    for _ in range(2):
        market.database.run("select worker.end_run(%s, 'done', %s)", [run, Jsonb(counts)])
    found: float = market.database.one(
        "select cost_per_second from candlewatch.functions where name = 'evaluate'"
    )
    return found


def test_what_a_function_works_off_follows_its_runs_and_counts_each_run_once(
    market: Market,
) -> None:
    market.database.run("update candlewatch.functions set cost_per_second = 1000")

    faster = end_run_of(market, 10, {"cost": 30_000})

    assert faster == pytest.approx(2_000, rel=0.05)


def test_a_run_that_found_nothing_does_not_change_what_its_function_works_off(
    market: Market,
) -> None:
    market.database.run("update candlewatch.functions set cost_per_second = 1000")

    assert end_run_of(market, 10, {"cost": 0}) == 1000


def test_people_read_exactly_the_numbers_that_were_stored(market: Market) -> None:
    market.close(closes=EXACT)

    rows = market.database.rows("select close from public.candles order by symbol")

    stored = dict(zip(["BTC", "ETH", "SOL", "XRP"], EXACT, strict=True))
    assert [struct.pack(">d", close) for (close,) in rows] == [
        struct.pack(">d", value) for value in stored.values()
    ]


def test_what_is_not_known_has_no_row(market: Market) -> None:
    market.close(closes=[1.0, float("nan"), 3.0])

    rows = market.database.rows("select symbol from public.candles order by symbol")

    assert rows == [("BTCUSDT",), ("SOLUSDT",)]


def test_functions_load_frames_in_order_as_they_were_stored(market: Market) -> None:
    market.close(closes=[1.0, 2.0, 3.0, 4.0])
    market.close(closes=[5.0, 6.0, 7.0, 8.0])
    first = market.clock.moment - timedelta(minutes=10)

    loaded = market.call("load_frames", "5m", first, market.clock.moment)

    head = struct.pack(">qii", int(first.timestamp() * 1000), 1, 4)
    second = struct.pack(">qii", int(first.timestamp() * 1000) + 300_000, 1, 4)
    expected = head + packed([1.0, 2.0, 3.0, 4.0]) + second + packed([5.0, 6.0, 7.0, 8.0])
    assert bytes(loaded) == expected


def test_a_repair_raises_the_revision_and_never_dispatches(market: Market) -> None:
    market.run_traders()
    market.close()
    opened = market.clock.moment - timedelta(minutes=5)
    repaired = base64.b64encode(packed([9.0] * 4)).decode()
    frame = [{"open_time": opened.isoformat(), "values": repaired}]

    stored = market.call("store_frames", "5m", Jsonb(frame))

    assert stored == {"stored": 0, "revised": 1}
    assert market.call("store_frames", "5m", Jsonb(frame)) == {"stored": 0, "revised": 0}
    assert market.database.rows("select revision from candlewatch.frames") == [(2,)]
    assert market.database.one("select count(*) from candlewatch.dispatches") == 1


def reserve(
    market: Market, *weights: int, history: bool = False, used: int | None = None
) -> dict[str, Any]:
    """Ask for the weights of calls; `used` is what the exchange counted just now."""
    at = market.clock.moment if used else None
    answer: dict[str, Any] = market.call("reserve_weight", "here", list(weights), history, used, at)
    return answer


def test_weight_is_granted_up_to_the_budget_of_the_minute(market: Market) -> None:
    reserve(market, 1)
    granted = reserve(market, 100, used=2900)
    refused = reserve(market, 1)
    market.clock.advance(minutes=1)

    assert (granted["calls"], refused["calls"], refused["wait_seconds"]) == (1, 0, 60)
    assert reserve(market, 1)["calls"] == 1


def test_a_close_has_room_in_a_minute_that_history_has_used(market: Market) -> None:
    history = reserve(market, *[2] * 1_500, history=True)

    assert (history["calls"], history["wait_seconds"]) == (1_050, 60)
    assert reserve(market, *[2] * 400)["calls"] == 400


def test_the_share_of_history_is_the_operators(market: Market) -> None:
    market.database.run("update candlewatch.settings set history_weight_pct = 10")

    assert reserve(market, *[2] * 400, history=True)["calls"] == 150


def test_after_a_refusal_one_call_probes_and_the_others_wait(market: Market) -> None:
    until = market.clock.moment + timedelta(seconds=30)
    market.call("report_exchange", "here", "throttled", until, "429")
    assert reserve(market, 1)["calls"] == 0
    market.clock.advance(seconds=30)

    probe, other = reserve(market, 1, 1), reserve(market, 1)
    market.call("report_exchange", "here", "open", None, "")

    assert (probe["calls"], other["calls"]) == (1, 0)
    assert reserve(market, 1)["state"] == "open"
