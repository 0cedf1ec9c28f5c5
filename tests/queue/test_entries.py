"""A match is reported when it begins, within universe, cooldown and cap; outages fake none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fixtures.factories import make_account
from tests.queue.scene import answer, enqueue, make_filter, make_running, pairs_of

if TYPE_CHECKING:
    from tests.queue.scene import Scene, Worker


def evaluate(worker: Worker, true: str, unknown: str = "0000") -> dict[str, Any]:
    """Claim what is ready and complete it with one result for all."""
    batch = worker.claim()
    return worker.complete(batch["token"], answer(batch, true=true, unknown=unknown))


def symbols(scene: Scene) -> list[list[str]]:
    """Return the symbols that were reported, candle by candle."""
    return [
        found
        for (found,) in scene.database.rows(
            "select array_agg(s.symbol order by s.symbol) from public.signals as s "
            "group by s.candle_at order by s.candle_at"
        )
    ]


def test_a_match_that_lasts_is_reported_once(scene: Scene) -> None:
    make_running(scene.database)
    worker = scene.worker()
    for true in ("1000", "1100", "1100"):
        scene.close()
        evaluate(worker, true)

    assert symbols(scene) == [["S0USDT"], ["S1USDT"]]


def test_a_match_that_ended_is_reported_again_when_it_returns(scene: Scene) -> None:
    make_running(scene.database)
    worker = scene.worker()
    for true in ("1000", "0000", "1000"):
        scene.close()
        evaluate(worker, true)

    assert symbols(scene) == [["S0USDT"], ["S0USDT"]]


def test_a_candle_on_which_nothing_is_known_fakes_no_entry(scene: Scene) -> None:
    make_running(scene.database)
    worker = scene.worker()
    for true, unknown in (("1000", "0000"), ("0000", "1000"), ("1000", "0000")):
        scene.close()
        evaluate(worker, true, unknown)

    assert symbols(scene) == [["S0USDT"]]


def test_every_candle_reports_every_candle(scene: Scene) -> None:
    make_running(scene.database, emit="every_candle")
    worker = scene.worker()
    for _ in range(3):
        scene.close()
        evaluate(worker, "1000")

    assert symbols(scene) == [["S0USDT"]] * 3


def test_symbols_outside_the_universe_are_not_reported(scene: Scene) -> None:
    make_running(scene.database, universe={"symbols": ["S1USDT", "S3USDT"]})
    scene.close()
    evaluate(scene.worker(), "1100")

    assert symbols(scene) == [["S1USDT"]]


def test_a_cooldown_of_two_candles_silences_two_candles(scene: Scene) -> None:
    make_running(scene.database, emit="every_candle", cooldown_candles=2)
    worker = scene.worker()
    told = []
    for _ in range(4):
        scene.close()
        told.append(evaluate(worker, "1000")["signals"])

    assert told == [1, 0, 0, 1]
    assert scene.database.one("select sum(suppressed_count) from monitor.dispatches") == 2


def test_signals_are_marked_while_their_account_is_a_shadow_and_never_told_twice(
    scene: Scene,
) -> None:
    make_running(scene.database)
    worker = scene.worker()
    for shadow, true in ((True, "1000"), (False, "1100"), (True, "1110")):
        scene.database.run("update public.accounts set shadow = %s", [shadow])
        scene.close()
        evaluate(worker, true)

    assert scene.database.rows("select symbol, shadow from public.signals order by candle_at") == [
        ("S0USDT", True),
        ("S1USDT", False),
        ("S2USDT", True),
    ]


def test_what_would_be_reported_is_known_before_it_is_evaluated(scene: Scene) -> None:
    make_running(scene.database, universe={"symbols": ["S0USDT", "S1USDT", "S2USDT"]})
    make_running(scene.database, emit="every_candle", filter="close < open")
    worker = scene.worker()
    scene.close()
    evaluate(worker, "1001")
    scene.close()
    batch = worker.claim()
    (watch,) = worker.connection.execute(
        "select worker.load_watch(%s)", [batch["token"]]
    ).fetchone() or (None,)

    assert [(item["dispatch"], item["filter"]) for item in watch] == pairs_of(batch)
    assert sorted(item["watched"] for item in watch) == ["0110", "1111"]


def test_over_the_cap_those_with_the_most_volume_are_kept_and_the_rest_is_counted(
    scene: Scene,
) -> None:
    account = make_account(scene.database, tier="free")
    scene.database.run("update public.tiers set signals_per_candle = 2 where name = 'free'")
    make_running(scene.database, account=account)
    scene.close()
    evaluate(scene.worker(), "1111")

    assert symbols(scene) == [["S2USDT", "S3USDT"]]
    assert scene.database.one("select sum(suppressed_count) from monitor.dispatches") == 2


def test_a_start_forgets_and_an_edit_remembers(scene: Scene) -> None:
    trader = make_running(scene.database)
    make_filter(scene.database, "close < open")
    worker = scene.worker()
    scene.close()
    evaluate(worker, "1000")
    scene.database.run("update public.traders set filter = 'close < open' where id = %s", [trader])
    scene.close()
    after_edit = evaluate(worker, "1000")["signals"]
    for enabled in (False, True):
        scene.database.run(
            "update public.traders set enabled = %s where id = %s", [enabled, trader]
        )
    scene.close()
    after_start = evaluate(worker, "1000")["signals"]

    assert (after_edit, after_start) == (0, 1)


def test_a_manual_run_reports_nothing_twice_and_leaves_the_memory_alone(scene: Scene) -> None:
    trader = make_running(scene.database)
    worker = scene.worker()
    scene.close()
    evaluate(worker, "0000")
    scene.database.run("select candlewatch.dispatch_manually(%s)", [trader])
    manual = evaluate(worker, "1000")["signals"]
    scene.database.run("select candlewatch.dispatch_manually(%s)", [trader])
    again = evaluate(worker, "1000")["signals"]
    scene.close()
    enqueue(scene.database)
    scheduled = evaluate(worker, "1000")["signals"]

    assert (manual, again, scheduled) == (1, 0, 1)
    assert scene.violations() == []
