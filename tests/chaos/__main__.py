"""The long storm and the long rehearsals: `python -m tests.chaos [storm|rehearsal] [options]`.

    python -m tests.chaos storm --kills 5000 --crashes 400 --slots 150000
    python -m tests.chaos rehearsal --seconds 600

Without a word both, the storm first. Each prints what happened and what the judge says; the exit
code is 1 when anything is wrong. A run replays from its --seed as far as processes can: the same
candles, traders and dice, not the same instants. The rehearsals need what `.ci/debian-13` unpacks.
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
from tests.chaos.rehearsal import TROUBLES, rehearse
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
    """Run what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("part", nargs="?", choices=("storm", "rehearsal"))
    parser.add_argument("--kills", type=int, default=5_000)
    parser.add_argument("--crashes", type=int, default=400)
    parser.add_argument("--slots", type=int, default=150_000)
    parser.add_argument("--seconds", type=float, default=600.0, help="of each rehearsal")
    parser.add_argument("--trouble", choices=TROUBLES, help="one rehearsal alone")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    goals = parser.parse_args()
    print(f"seed {goals.seed}", flush=True)
    parts = [goals.part] if goals.part else ["storm", "rehearsal"]
    right = [storm(goals) if part == "storm" else rehearsals(goals) for part in parts]
    return 0 if all(right) else 1


def rehearsals(goals: argparse.Namespace) -> bool:
    """Rehearse in each trouble; return whether all was right."""
    right = True
    for trouble in [goals.trouble] if goals.trouble else TROUBLES:
        with tempfile.TemporaryDirectory() as folder:
            report = rehearse(Path(folder), goals.seconds, trouble, goals.seed)
        right = right and report.right
        print(f"{'right' if report.right else 'WRONG'} with {trouble}: {report}", flush=True)
    return right


def storm(goals: argparse.Namespace) -> bool:
    """Let the storm rage; return whether all was right."""
    chance = random.Random(goals.seed)
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        make_template(server)
        with (
            open_database(server, server.clone()) as database,
            running_rest(database, Path(folder)) as rest,
            set_scene(database, rest, chance, accounts=40, traders=50) as scene,
        ):
            with shown_progress(goals.kills) as show:
                raging = Storm(scene, chance, show)
                raging.rage(kills=goals.kills, crashes=goals.crashes, slots=goals.slots)
            verdict = judge(scene)
    seen = ", ".join(f"{number} {name}" for name, number in sorted(raging.seen.items()))
    print(f"{len(scene.orders) * len(scene.frames)} slots, {seen}")
    print(f"{'right' if verdict.right else 'WRONG'}: {verdict}")
    return verdict.right


if __name__ == "__main__":
    sys.exit(main())
