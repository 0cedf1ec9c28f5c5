"""Whatever is killed, frozen or crashed: no signal is missing, none is extra, none is double."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from tests.chaos.judge import judge
from tests.chaos.scene import set_scene
from tests.chaos.storm import Storm
from tests.fixtures.database import open_database
from tests.fixtures.rest import running_rest
from tests.fixtures.server import make_template, running_server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(240)
def test_signals_are_right_after_100_kills_and_8_crashes(tmp_path: Path) -> None:
    chance = random.Random(20260105)
    with running_server() as server:
        make_template(server)
        with (
            open_database(server, server.clone()) as database,
            running_rest(database, tmp_path) as rest,
            set_scene(database, rest, chance, accounts=12, traders=10) as scene,
        ):
            storm = Storm(scene, chance)

            storm.rage(kills=100, crashes=8)

            assert storm.seen["kills"] >= 100
            assert storm.seen["crashes"] >= 8
            assert storm.seen["freezes"] > 0
            verdict = judge(scene)
            assert verdict.right, f"{verdict} after {storm.seen}"
