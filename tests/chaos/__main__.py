"""The long storm: `python -m tests.chaos [--kills N] [--crashes N] [--slots N] [--seed N]`.

Prints what happened and what the judge says; exits 1 when anything is wrong. A run replays from its
seed as far as processes can: the same candles, traders and dice, not the same instants.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.progress import Progress
from tests.chaos.judge import judge
from tests.chaos.scene import set_scene
from tests.chaos.storm import Storm
from tests.fixtures.database import open_database
from tests.fixtures.rest import running_rest
from tests.fixtures.server import make_template, running_server

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

LINE_SECONDS: Final = 10.0


@contextmanager
def shown_progress(kills: int) -> Iterator[Callable[[Counter[str]], None]]:
    """Show the kills: a bar on a terminal, a plain line every ten seconds elsewhere."""
    if sys.stdout.isatty():
        with Progress() as bar:
            task = bar.add_task("kills", total=kills)
            yield lambda seen: bar.update(task, completed=seen["kills"])
        return
    shown_at = 0.0

    def show(seen: Counter[str]) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= LINE_SECONDS:
            shown_at = time.monotonic()
            print(", ".join(f"{seen[name]} {name}" for name in sorted(seen)), flush=True)

    yield show


def main() -> int:
    """Run the storm; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=5_000)
    parser.add_argument("--crashes", type=int, default=400)
    parser.add_argument("--slots", type=int, default=150_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    goals = parser.parse_args()
    print(f"seed {goals.seed}", flush=True)
    chance = random.Random(goals.seed)
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        make_template(server)
        with (
            open_database(server, server.clone()) as database,
            running_rest(database, Path(folder)) as rest,
            set_scene(database, rest, chance, accounts=40, traders=50) as scene,
        ):
            with shown_progress(goals.kills) as show:
                storm = Storm(scene, chance, show)
                storm.rage(kills=goals.kills, crashes=goals.crashes, slots=goals.slots)
            verdict = judge(scene)
    seen = ", ".join(f"{number} {name}" for name, number in sorted(storm.seen.items()))
    print(f"{len(scene.orders) * len(scene.frames)} slots, {seen}")
    print(f"{'right' if verdict.right else 'WRONG'}: {verdict}")
    return 0 if verdict.right else 1


if __name__ == "__main__":
    sys.exit(main())
