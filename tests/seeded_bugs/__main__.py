"""`python -m tests.seeded_bugs [WORD...]`: put each bug alone into a copy; its test must fail.

1. `copy_tree`: the project without its environment, in a temporary folder.
2. `seed`: replace the text; migrations are built anew from `sql/`.
3. `verdict`: run the one test there; `caught` when it failed, and not for another reason.

Words choose the bugs whose names contain one of them. The exit code is 1 when a bug survives.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.seeded_bugs import access_bugs, market_bugs, queue_bugs, signal_bugs

if TYPE_CHECKING:
    from tests.seeded_bugs.bug import Bug

PROJECT: Final = Path(__file__).parents[2]
BUGS: Final = queue_bugs.BUGS + signal_bugs.BUGS + market_bugs.BUGS + access_bugs.BUGS
COPIED: Final = ("sql", "supabase", "shared", "functions", "tests", "pyproject.toml")
LINKED: Final = ("node_modules", "package.json")
AT_ONCE: Final = 2
SECONDS: Final = 180


def main(words: list[str]) -> int:
    """Print a line for each bug and return the exit code."""
    chosen = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = []
        for bug, found in zip(chosen, pool.map(verdict, chosen), strict=True):
            print(f"{found:9} {bug.name}  <- {bug.test.rpartition('::test_')[2]}", flush=True)
            verdicts.append(found)
    caught = verdicts.count("caught")
    print(f"{caught} of {len(chosen)} seeded bugs were caught")
    return 0 if chosen and caught == len(chosen) else 1


def verdict(bug: Bug) -> str:
    """Return `caught`, `SURVIVED`, `STALE` (its text is not there) or `BROKEN` (no test ran)."""
    with tempfile.TemporaryDirectory(prefix="seeded-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        if not seed(tree, bug):
            return "STALE"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", bug.test],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": f"{tree / 'shared'}:{tree}"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    summary = done.stdout.splitlines()[-1] if done.stdout else ""
    if done.returncode == 0:
        return "SURVIVED"
    failed = re.search(r"\d+ failed", summary) and not re.search(r"\d+ error", summary)
    return "caught" if failed else "BROKEN"


def copy_tree(target: Path) -> None:
    """Copy what tests need; what nobody changes is linked."""
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target / name)
    for name in LINKED:
        (target / name).symlink_to(PROJECT / name)


def seed(tree: Path, bug: Bug) -> bool:
    """Put the bug in; False when its text is not there exactly once."""
    path = tree / bug.file
    text = path.read_text() if path.exists() else ""
    if text.count(bug.old) != 1:
        return False
    path.write_text(text.replace(bug.old, bug.new))
    subprocess.run(
        [sys.executable, tree / "supabase" / "build_migrations.py"],
        env={**os.environ, "PYTHONPATH": str(tree / "shared")},
        check=True,
        capture_output=True,
    )
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
