"""Functions on any number of machines drain one database; one that vanishes loses nothing."""

from __future__ import annotations

import random
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Final

import pytest
from tests.chaos.judge import judge
from tests.chaos.scene import Scene, set_scene
from tests.fixtures.database import open_database
from tests.fixtures.rest import running_rest
from tests.fixtures.waiting import wait_for
from tests.machines.machine import Machine, running_machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.fixtures.server import Server

CANDLES: Final = 2
PROCESSES: Final = 2
SECONDS: Final = 60.0

Signals = set[tuple[int, str, "datetime"]]


class Town:
    """Two machines with two evaluating processes each, over one database with a scene."""

    def __init__(self, scene: Scene, machines: list[Machine]) -> None:
        self.scene = scene
        self.machines = machines

    def trade(self) -> None:
        """Let a candle close and wait until all its slots have ended."""
        self.scene.publish()
        wait_for(self._is_drained, "all slots ended", SECONDS)

    @contextmanager
    def in_the_middle(self) -> Iterator[None]:
        """Let a candle close and stop when every process has claimed some of it.

        What stops the processes there is a lock on the frames that they want to load; until it is
        held none of them runs.
        """
        for machine in self.machines:
            machine.rest()
        self.scene.publish()
        with closing(self.scene.database.connect(autocommit=False)) as locking:
            locking.execute("lock table candlewatch.frames in access exclusive mode")
            wait_for(self._all_hold_leases, "every process holds a lease")
            yield
        wait_for(self._is_drained, "all slots ended", SECONDS)

    def signals(self) -> Signals:
        """Return all signals, the traders by their number."""
        numbers = {order.trader: number for number, order in enumerate(self.scene.orders)}
        return {
            (numbers[trader], symbol, at)
            for trader, symbol, at in self.scene.database.rows(
                "select s.trader_id, s.symbol, s.candle_at from public.signals as s"
            )
        }

    def leases_by_machine(self, ended: str) -> dict[str, int]:
        """Count ended leases by machine."""
        return dict(
            self.scene.database.rows(
                "select l.worker, count(*)::int from candlewatch.lease_log as l "
                "where l.outcome = %s group by 1",
                [ended],
            )
        )

    def _all_hold_leases(self) -> bool:
        self._wake()
        held = self.scene.database.rows(
            "select l.worker, count(*)::int from candlewatch.leases as l group by 1 order by 1"
        )
        return held == [(machine.name, PROCESSES) for machine in self.machines]

    def _is_drained(self) -> bool:
        self.scene.database.run("select candlewatch.tick()")
        left: bool = self.scene.database.one(
            "select exists (select from candlewatch.enqueues) "
            "or exists (select from candlewatch.ready) or exists (select from candlewatch.retries) "
            "or exists (select from candlewatch.leased)"
        )
        if left:
            self._wake()
        return not left

    def _wake(self) -> None:
        for machine in self.machines:
            machine.keep_awake(PROCESSES)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Close what a test opens."""
    with ExitStack() as opened:
        yield opened


def build_town(stack: ExitStack, server: Server, folder: Path) -> Town:
    """Set the same scene on a database of its own, with two machines."""
    folder.mkdir()
    database = stack.enter_context(open_database(server, server.clone()))
    rest = stack.enter_context(running_rest(database, folder))
    scene = stack.enter_context(
        set_scene(database, rest, random.Random(20260105), accounts=12, traders=10)
    )
    # Small chunks, so that the first process cannot take all of a candle; leases that soon lapse.
    database.run("update candlewatch.settings set enqueue_slots = 10, lease_seconds_limit = 12")
    machines = [
        stack.enter_context(running_machine(f"machine {number}", address, rest, folder))
        for number, address in enumerate(("127.0.0.2", "127.0.0.3"), 1)
    ]
    return Town(scene, machines)


@pytest.mark.timeout(240)
def test_a_machine_that_vanishes_in_the_middle_changes_no_signal(
    stack: ExitStack, server: Server, tmp_path: Path
) -> None:
    calm = build_town(stack, server, tmp_path / "calm")
    struck = build_town(stack, server, tmp_path / "struck")

    for town in (calm, struck):
        for _ in range(CANDLES):
            town.trade()
        with town.in_the_middle():
            killed = town.machines.pop().kill() if town is struck else 0
        for _ in range(CANDLES):
            town.trade()

    assert killed == PROCESSES
    assert judge(calm.scene).right, judge(calm.scene)
    assert judge(struck.scene).right, judge(struck.scene)
    assert len(calm.signals()) > 1_000
    assert struck.signals() == calm.signals()
    for town in (calm, struck):
        ended = town.leases_by_machine("completed") | town.leases_by_machine("expired")
        assert set(ended) == {"machine 1", "machine 2"}
    assert struck.leases_by_machine("expired")["machine 2"] >= PROCESSES
