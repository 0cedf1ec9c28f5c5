"""Where Debian's servers with the real pg_cron are, and how they are started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_DEBIAN_13: Final = os.environ.get("CANDLEWATCH_DEBIAN_13", "/var/cache/candlewatch/debian-13")
PROGRAMS: Final = {
    "15": Path("/usr/lib/postgresql/15/bin"),
    "17": Path(_DEBIAN_13, "usr/lib/postgresql/17/bin"),
}
"""By major version: Debian 12's with pg_cron 1.4, Debian 13's with 1.6 (`.ci/debian-13`)."""


def cron_settings(database: str) -> dict[str, str]:
    """Return the settings of a server whose pg_cron serves one database."""
    return {
        "fsync": "off",
        "shared_preload_libraries": "pg_cron",
        "cron.database_name": database,
        "cron.use_background_workers": "on",
        "max_worker_processes": "20",
    }
