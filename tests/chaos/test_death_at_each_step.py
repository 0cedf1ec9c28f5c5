"""A worker that is killed at any step of a batch leaves nothing undone and nothing done twice."""

from __future__ import annotations

import multiprocessing
import random
import signal
from typing import TYPE_CHECKING

import pytest
from tests.chaos.judge import judge
from tests.chaos.scene import set_scene
from tests.chaos.victim import STEPS, Fate, live

from candlewatch.runs.deadline import Deadline
from candlewatch.runs.evaluate import run_evaluate
from candlewatch.runs.evaluator import Evaluator

if TYPE_CHECKING:
    from tests.chaos.scene import Scene
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest


def die(scene: Scene, step: str) -> int | None:
    """Let a worker work and die at a step; return its exit code."""
    fate = Fate(step=step, at=2, lost=0.0, seed=0, lease_seconds=0.1, jobs=4)
    token = scene.rest.token("candlewatch_worker")
    process = multiprocessing.get_context("spawn").Process(
        target=live, args=(scene.rest.url, token, fate)
    )
    process.start()
    process.join(60)
    return process.exitcode


def finish(scene: Scene) -> dict[str, int]:
    """Let a worker end what is left, with the ticks that give lapsed leases back."""
    evaluator = Evaluator(scene.worker)
    counts: dict[str, int] = {}
    while scene.database.one(
        "select exists (select from candlewatch.leased) or exists (select from candlewatch.ready) "
        "or exists (select from candlewatch.retries) or exists (select from candlewatch.enqueues)"
    ):
        scene.database.run("select candlewatch.tick()")
        counts = run_evaluate(evaluator, "heir", Deadline.in_seconds(30))
    return counts


@pytest.mark.parametrize("step", [step for step in STEPS if step not in {"never", "after_load"}])
def test_the_next_worker_ends_what_a_killed_one_began(
    database: Database, rest: Rest, step: str
) -> None:
    with set_scene(database, rest, random.Random(step), accounts=3, traders=8) as scene:
        scene.publish()

        exit_code = die(scene, step)
        finish(scene)

        assert exit_code == -signal.SIGKILL
        verdict = judge(scene)
        assert verdict.right, verdict
