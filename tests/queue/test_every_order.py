"""Whatever the order of the verbs: the queue does what a plain model says, and no invariant breaks.

200 sequences of up to 50 steps, 2,000 with CANDLEWATCH_LONG=1. A failure prints its seed;
CANDLEWATCH_SEED replays it, and CANDLEWATCH_SHRINK=1 looks for a shorter sequence (for minutes).
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.queue.machine import QueueMachine, Stage

if TYPE_CHECKING:
    from tests.fixtures.database import Database

LONG: Final = bool(os.environ.get("CANDLEWATCH_LONG"))
USUAL_SEED: Final = 20260105
"""The short form walks the same sequences every time; the long one looks for new ones."""

SEED: Final = int(
    os.environ.get("CANDLEWATCH_SEED")
    or (random.SystemRandom().randrange(2**32) if LONG else USUAL_SEED)
)
SEQUENCES: Final = 2_000 if LONG else 200
STEPS: Final = 50
SHRINK: Final = bool(os.environ.get("CANDLEWATCH_SHRINK"))


@pytest.mark.timeout(0)
def test_the_queue_does_what_the_model_says(database: Database) -> None:
    opened = Stage(database)

    @seed(SEED)
    class Example(QueueMachine):
        stage = opened

    print(f"replay with CANDLEWATCH_SEED={SEED}")
    run_state_machine_as_test(
        Example,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, *([Phase.shrink] if SHRINK else [])],
        ),
    )
