"""Functions of the last release and of this one work side by side on the present schema."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from tests.chaos.judge import judge
from tests.chaos.scene import FILTERS, set_scene
from tests.fixtures.waiting import wait_for
from tests.machines.machine import running_machine
from tests.upgrades.client import Client
from tests.upgrades.interface import FILE, breaks, describe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.scene import Scene
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest
    from tests.machines.machine import Machine

Json = dict[str, Any]

CANDLES = 4
JOBS = 7


@pytest.fixture
def recorded() -> Json:
    """Read the interface of the last release."""
    read: Json = json.loads(FILE.read_text())
    return read


def test_the_present_schema_offers_all_that_the_last_release_relies_on(
    database: Database, rest: Rest, recorded: Json
) -> None:
    present = describe(database, rest)

    assert breaks(recorded, present) == []
    assert set(recorded["answers"]) == set(recorded["functions"])


def _drop_function(present: Json) -> None:
    del present["functions"]["end_run"]


def _drop_argument(present: Json) -> None:
    del present["functions"]["claim_batch"]["p_worker"]


def _add_demand(present: Json) -> None:
    present["functions"]["claim_batch"]["p_region"] = {"type": "text", "default": False}


def _change_type(present: Json) -> None:
    present["functions"]["claim_batch"]["p_limit"]["type"] = "text"


def _drop_default(present: Json) -> None:
    present["functions"]["fail_task"]["p_retry_seconds"]["default"] = False


def _drop_key(present: Json) -> None:
    del present["answers"]["claim_batch"]["jobs"][0]["filters"]


def _change_answer(present: Json) -> None:
    present["answers"]["start_run"]["run"] = "null|number"


def _empty_answer(present: Json) -> None:
    present["answers"]["load_filters"] = []


def _change_form(present: Json) -> None:
    present["answers"]["load_frames"] = {"frames": "string"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_drop_function, "worker.end_run is gone"),
        (_drop_argument, "worker.claim_batch lost the argument p_worker"),
        (_add_demand, "worker.claim_batch has the new argument p_region without a default"),
        (_change_type, "worker.claim_batch: p_limit was integer and is text"),
        (_drop_default, "worker.fail_task: p_retry_seconds lost its default"),
        (_drop_key, "worker.claim_batch.jobs[] does not answer filters any more"),
        (_change_answer, "worker.start_run.run was number and is null|number"),
        (_empty_answer, "worker.load_filters has no elements any more"),
        (_change_form, "worker.load_frames was bytes and is {'frames': 'string'}"),
    ],
)
def test_a_change_that_would_break_the_last_release_is_found(
    recorded: Json, change: Callable[[Json], None], sentence: str
) -> None:
    present = copy.deepcopy(recorded)
    change(present)

    assert breaks(recorded, present) == [sentence]


def test_additions_break_nothing(recorded: Json) -> None:
    present = copy.deepcopy(recorded)
    present["functions"]["new"] = {"p_a": {"type": "text", "default": False}}
    present["functions"]["claim_batch"]["p_region"] = {"type": "text", "default": True}
    present["answers"]["claim_batch"]["jobs"][0]["hint"] = "string"

    assert breaks(recorded, present) == []


def test_both_releases_drain_one_queue_with_the_right_signals(
    database: Database, rest: Rest, tmp_path: Path
) -> None:
    previous = Client(rest.url, rest.token("candlewatch_worker"), FILTERS)
    with (
        set_scene(database, rest, random.Random(5), accounts=6, traders=10) as scene,
        running_machine("present", "127.0.0.1", rest, tmp_path) as present,
    ):
        outcomes = []
        for number in range(CANDLES):
            scene.publish()
            while previous.enqueue():
                pass
            batch = previous.claim(JOBS, 0.1 if number == 1 else 20)
            if number == 1:
                wait_for(lambda: _is_drained(scene, present), "what lapsed was given on")
            else:
                wait_for(lambda: _is_drained(scene, present, held=JOBS), "the rest was done")
            outcomes.append(previous.finish(batch))
            wait_for(lambda: _is_drained(scene, present), "all slots ended")

        assert outcomes == ["done", "fenced", "done", "done"]
        assert judge(scene).right, judge(scene)
        completed = database.rows(
            "select l.worker, count(*) > 0 from candlewatch.lease_log as l "
            "where l.outcome = 'completed' group by 1 order by 1"
        )
        assert completed == [("present", True), ("previous", True)]


def _is_drained(scene: Scene, present: Machine, held: int = 0) -> bool:
    """Tick, keep the present release awake, and say whether only so many jobs are still held."""
    scene.database.run("select candlewatch.tick()")
    left: tuple[bool, int] = scene.database.rows(
        "select exists (select from candlewatch.enqueues) "
        "or exists (select from candlewatch.ready) or exists (select from candlewatch.retries), "
        "(select count(*)::int from candlewatch.leased)"
    )[0]
    if left != (False, held):
        present.keep_awake(1)
    return left == (False, held)
