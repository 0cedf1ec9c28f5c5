"""The storm: workers that are killed and frozen, backends that are ended, a server that crashes.

1. `Storm.publish`     a candle's slots become due
2. `Storm.breed`       workers with a fate each are born until the slots have all ended
3. `Storm.strike`      now and then: SIGKILL at a random instant, SIGSTOP beyond the lease and back,
                       a backend terminated, an immediate-mode crash of the server
4. `Storm.drained`     when every slot has ended, the next candle
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

import psycopg
from tests.chaos.victim import STEPS, Fate, live

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

    from tests.chaos.scene import Scene

LEASE_SECONDS = 0.6
WORKERS = 4
JOBS = 3
BEAT_SECONDS = 0.03
STALL_SECONDS = 180.0


@dataclass
class Storm:
    """A storm over a scene; `seen` counts what happened, by name, and `show` is told of it."""

    scene: Scene
    chance: random.Random
    show: Callable[[Counter[str]], None] = lambda _: None
    seen: Counter[str] = field(default_factory=Counter)
    alive: list[BaseProcess] = field(default_factory=list)
    frozen: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Children are forked from a server that has imported everything: a birth is cheap.
        self._nursery: Any = multiprocessing.get_context("forkserver")
        self._nursery.set_forkserver_preload(["tests.chaos.victim"])

    def rage(self, *, kills: int, crashes: int, slots: int = 0) -> None:
        """Go on until there was so much of each; let the last candle end in calm.

        Args:
            kills: workers that died by SIGKILL.
            crashes: of the server.
            slots: that were due.
        """
        orders = len(self.scene.orders)
        try:
            while (
                self.seen["kills"] < kills
                or self.seen["crashes"] < crashes
                or self.seen["candles"] * orders < slots
            ):
                self.scene.publish()
                self.seen["candles"] += 1
                self._until_drained(wild=True, kills=kills, crashes=crashes)
            self._until_drained(wild=False, kills=kills, crashes=crashes)
        finally:
            self._end_all()

    def _until_drained(self, *, wild: bool, kills: int, crashes: int) -> None:
        stalled_at = time.monotonic() + STALL_SECONDS
        while not self.drained():
            if time.monotonic() > stalled_at:
                raise TimeoutError(f"slots did not end within {STALL_SECONDS:.0f} s: {self.seen}")
            self._breed(wild=wild and self.seen["kills"] < kills)
            if wild:
                self._strike(crash=self.seen["crashes"] < crashes)
            wait([process.sentinel for process in self.alive], timeout=BEAT_SECONDS)
            self._bury()
            self._thaw()
            self.show(self.seen)

    def drained(self) -> bool:
        """Tick, and say whether every slot that was due has ended."""
        try:
            self.scene.database.run("select candlewatch.tick()")
            left = self.scene.database.one(
                "select exists (select from candlewatch.enqueues) "
                "or exists (select from candlewatch.ready) "
                "or exists (select from candlewatch.retries) "
                "or exists (select from candlewatch.leased)"
            )
        except psycopg.OperationalError:
            self._reconnect()
            return False
        return not left

    def _breed(self, *, wild: bool) -> None:
        while len(self.alive) < WORKERS:
            step = self.chance.choice(STEPS) if wild else "never"
            fate = Fate(
                step=step,
                at=self.chance.randint(1, 3),
                lost=0.05 if wild else 0.0,
                seed=self.chance.getrandbits(32),
                lease_seconds=LEASE_SECONDS,
                jobs=JOBS,
            )
            token = self.scene.rest.token("candlewatch_worker")
            child = self._nursery.Process(target=live, args=(self.scene.rest.url, token, fate))
            child.start()
            self.alive.append(child)

    def _strike(self, *, crash: bool) -> None:
        dice = self.chance.random()
        if crash and dice < 0.02:
            self.seen["crashes"] += 1
            self.scene.database.server.cluster.crash()
            self.scene.database.server.cluster.start(self.scene.database.server.cluster.port)
            self._reconnect()
        elif dice < 0.06:
            self._end_a_backend()
        elif dice < 0.12:
            self._send(signal.SIGKILL)
        elif dice < 0.18:
            self._send(signal.SIGSTOP)

    def _send(self, number: signal.Signals) -> None:
        running = [process for process in self.alive if process.pid not in self.frozen]
        if not running:
            return
        pid = self.chance.choice(running).pid
        if pid is None:
            return
        with suppress(ProcessLookupError):  # it may just have ended by itself
            os.kill(pid, number)
        if number == signal.SIGSTOP:
            self.seen["freezes"] += 1
            self.frozen[pid] = time.monotonic() + LEASE_SECONDS * 1.5

    def _thaw(self) -> None:
        for pid, until in list(self.frozen.items()):
            if time.monotonic() >= until:
                del self.frozen[pid]
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _bury(self) -> None:
        for process in [child for child in self.alive if child.exitcode is not None]:
            self.alive.remove(process)
            killed = process.exitcode == -signal.SIGKILL
            self.seen["kills" if killed else "ends"] += 1
            self.frozen.pop(process.pid or 0, None)
            process.close()

    def _end_a_backend(self) -> None:
        ended = self.scene.database.rows(
            "select pg_terminate_backend(a.pid) from pg_stat_activity as a "
            "where a.usename = 'authenticator' and a.datname = current_database() "
            "order by random() limit 1"
        )
        self.seen["backends ended"] += len(ended)

    def _reconnect(self) -> None:
        database = self.scene.database
        database.__dict__.pop("sql", None)

    def _end_all(self) -> None:
        for process in self.alive:
            process.kill()
            process.join()
            process.close()
        self.alive.clear()
