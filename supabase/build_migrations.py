"""Generate `supabase/migrations` from `sql/`, one file per intention, until the first release.

`sql/` is what the database is; the migrations are how it gets there. Before the first release
there is no database in use anywhere, so the way there is simply everything, in path order. From the
first release on migrations are written by hand, forward only, and this script goes.

Run `make migrations` after a change in `sql/`; a test compares both.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

_SUPABASE: Final = Path(__file__).parent
_SOURCE: Final = _SUPABASE.parent / "sql"

_INTENTIONS: Final[dict[str, str]] = {
    "00_schema.sql": "20261122000100_create_schema",
    "10_tables": "20261122000200_create_tables",
    "12_clocks": "20261122000300_create_clocks",
    "15_values": "20261122000400_create_values",
    "20_functions": "20261122000500_create_functions",
    "25_triggers": "20261122000600_create_triggers",
    "30_views": "20261122000700_create_views",
    "80_grants.sql": "20261122000800_grant_access",
    "90_schedules.sql": "20261122000900_schedule_ticks",
}
"""Part of `sql/` -> its migration, both in order."""
_FUNCTIONS_CALL_ONE_ANOTHER: Final = (
    "-- Functions call one another freely, whatever their order here.\n"
    "set local check_function_bodies = off;\n\n"
)


def migrations(source: Path = _SOURCE) -> dict[str, str]:
    """Return the text of each migration by file name, oldest first.

    Args:
        source: the folder `sql`.

    Raises:
        ValueError: a file of `source` belongs to no migration.
    """
    parts = sorted({file.relative_to(source).parts[0] for file in source.rglob("*.sql")})
    for part in parts:
        if part not in _INTENTIONS:
            raise ValueError(f"{source / part} belongs to no migration: name one in _INTENTIONS")
    return {f"{_INTENTIONS[part]}.sql": _joined(source, part) for part in parts}


def write(folder: Path = _SUPABASE / "migrations") -> list[Path]:
    """Write the migrations and remove those that are no longer made; return what was written."""
    texts = migrations()
    for file in folder.glob("*.sql"):
        if file.name not in texts:
            file.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


def _joined(source: Path, part: str) -> str:
    place = source / part
    files = sorted(place.rglob("*.sql")) if place.is_dir() else [place]
    head = _FUNCTIONS_CALL_ONE_ANOTHER if part == "20_functions" else ""
    pieces = (f"-- sql/{file.relative_to(source)}\n{file.read_text().rstrip()}\n" for file in files)
    return head + "\n".join(pieces)


if __name__ == "__main__":
    written = write()
    sys.stdout.write(f"{len(written)} migrations in {written[0].parent}\n")
