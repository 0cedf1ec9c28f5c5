"""No tenant, nor all together, ever hold more jobs than their caps; capacity goes by weight."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.fixtures.factories import make_account, make_trader
from tests.fixtures.queue import jobs_of

if TYPE_CHECKING:
    from uuid import UUID

    from tests.fixtures.queue import Market


def fill(market: Market, tiers: dict[str, int], slots_per_job: int = 1) -> dict[str, UUID]:
    """Let accounts of these tiers have so many running traders each and their slots be ready."""
    market.database.run("update public.tiers set traders_limit = 10000, running_limit = 10000")
    market.database.run("update candlewatch.settings set slots_per_job = %s", [slots_per_job])
    accounts = {}
    for tier, count in tiers.items():
        accounts[tier] = make_account(market.database, tier=tier)
        for _ in range(count):
            make_trader(market.database, account=accounts[tier])
    market.accept_filters()
    market.close_and_enqueue()
    return accounts


def leased(market: Market) -> Counter[UUID]:
    return Counter(
        account for (account,) in market.database.rows("select account_id from candlewatch.leased")
    )


def test_a_tenant_holds_at_most_its_tiers_jobs(market: Market) -> None:
    accounts = fill(market, {"free": 6, "pro": 15})

    market.claim()
    market.claim()

    assert leased(market) == {accounts["free"]: 2, accounts["pro"]: 10}
    assert market.claim()["jobs"] == []
    assert market.violations() == []


def test_a_completed_job_makes_room_for_the_next(market: Market) -> None:
    fill(market, {"free": 3})
    batch = market.claim()

    market.complete(batch, jobs=jobs_of(batch)[:1])

    assert len(market.claim()["jobs"]) == 1
    assert market.claim()["jobs"] == []


def test_all_tenants_together_hold_at_most_the_global_cap(market: Market) -> None:
    fill(market, {"pro": 5, "elite": 5})
    market.database.run("update candlewatch.settings set leased_limit = 7")

    first = market.claim(limit=4)
    second = market.claim()

    assert (len(first["jobs"]), len(second["jobs"])) == (4, 3)
    assert market.claim()["jobs"] == []
    market.complete(first)
    assert len(market.claim()["jobs"]) == 3
    assert market.violations() == []


def test_capacity_is_shared_by_weight_while_both_wait(market: Market) -> None:
    market.database.run("update public.tiers set concurrency_limit = 1000")
    accounts = fill(market, {"free": 40, "pro": 40})

    served: Counter[UUID] = Counter()
    while sum(served.values()) < 30:
        batch = market.claim(limit=3)
        served += leased(market)
        market.complete(batch)

    assert abs(served[accounts["pro"]] - 20) <= 1
    assert sum(served.values()) == 30


def test_a_newcomer_is_served_before_the_backlog_of_a_large_tenant(market: Market) -> None:
    accounts = fill(market, {"elite": 60})
    market.complete(market.claim(limit=10))
    newcomer = make_account(market.database, tier="free")
    make_trader(market.database, account=newcomer, timeframe="15m")
    market.accept_filters()
    market.close("15m")
    market.enqueue()

    market.claim(limit=10)

    assert leased(market)[newcomer] == 1
    assert leased(market)[accounts["elite"]] == 9


def test_work_that_was_behind_the_tag_served_is_not_stranded(market: Market) -> None:
    fill(market, {"free": 6, "elite": 30})
    held = market.claim(limit=4)
    market.complete(market.claim(limit=30))
    served = market.database.one("select serving_tag from candlewatch.queue_state")
    market.complete(held)

    done = 0
    while (batch := market.claim(limit=2))["jobs"]:
        done += market.complete(batch)["slots"]["done"]

    assert served > 0
    assert market.database.one("select count(*) from candlewatch.ready") == 0
    assert done > 0


def test_a_slow_enqueuer_whose_tags_fell_behind_the_floor_is_served(market: Market) -> None:
    fill(market, {"elite": 30})
    slow = market.database.connect(autocommit=False)
    account = make_account(market.database, tier="free")
    make_trader(market.database, account=account, timeframe="15m")
    market.accept_filters()
    market.close("15m")
    slow.execute("select candlewatch.enqueue_next(100)")
    while (batch := market.claim(limit=5))["jobs"]:
        market.complete(batch)
    market.database.run("update candlewatch.queue_state set floor_tag = 1000, serving_tag = 1000")
    slow.commit()

    assert len(market.claim(limit=1)["jobs"]) == 1


def test_a_claim_takes_no_more_cost_than_asked_but_at_least_one_job(market: Market) -> None:
    fill(market, {"elite": 5})
    cost = market.database.one("select max(cost) from candlewatch.ready")

    assert len(market.claim(cost=1.5 * cost)["jobs"]) == 2
    assert len(market.claim(cost=cost / 2)["jobs"]) == 1


def test_a_job_holds_at_most_so_many_slots_of_one_tenant(market: Market) -> None:
    fill(market, {"pro": 12, "elite": 3}, slots_per_job=5)

    rows = market.database.rows(
        "select cardinality(trader_ids), (select count(distinct t.account_id) from public.traders "
        "as t where t.id = any (r.trader_ids)) from candlewatch.ready as r order by 1"
    )

    assert rows == [(2, 1), (3, 1), (5, 1), (5, 1)]
