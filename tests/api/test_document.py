"""The examples of the API's document work as they stand there, with the official clients.

Those in JavaScript need what CI installs: its client (.ci/tools) and a Node.js that it runs on.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.api.stage import working
from tests.fixtures.project import ENVIRONMENT, PROJECT

if TYPE_CHECKING:
    from tests.api.stage import Api

DOCUMENT: Final = PROJECT / "docs" / "api.md"
SECONDS: Final = 90
MODULES: Final = PROJECT / ".ci" / "tools" / "node_modules"
PROGRAMS: Final = {
    "python": [sys.executable, "-c"],
    "js": [str(Path(sys.executable).with_name("node")), "--input-type=module", "--eval"],
    # A system without curl still has the Python examples.
    **({"bash": ["bash", "-euo", "pipefail", "-c"]} if shutil.which("curl") else {}),
}
PRINTED: Final = {
    "python": (
        "it is running and needs",
        "cloned Oversold in an uptrend",
        "2 traders",
        "signal BTCUSDT",
        "wrong: ",
        "now: ",
        "Over 288 candles of 4 symbols",
        "traders: {",
        "health: ",
        "refused: CW004 there is no trader",
    ),
    "bash": (
        "is running",
        '"by curl"',
        '"dispatch"',
        '"symbol"',
        "event: signals",
        '"ok": true',
        '"summary"',
        '"tier"',
    ),
    "js": (
        "it is running",
        "cloned Oversold in an uptrend",
        "2 traders",
        "signal BTCUSDT",
        "wrong: ",
        "now: ",
        "Over 288 candles of 4 symbols",
        "traders: {",
        "health: ",
        "refused: CW004 there is no trader",
    ),
}
LANGUAGES: Final = [
    pytest.param(language, marks=pytest.mark.outside if language == "js" else ())
    for language in PROGRAMS
]


def blocks(language: str) -> str:
    """Return the document's blocks of a language as one program."""
    found = re.findall(
        rf"^```{language}\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE
    )
    assert len(found) >= 8
    return "\n".join(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_run_as_they_stand(api: Api, language: str, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(MODULES)
    told = {
        "SUPABASE_URL": api.url,
        "SUPABASE_PUBLISHABLE_KEY": api.key,
        "SUPABASE_JWT_SECRET": api.rest.credentials.jwt_secret,
        "DATABASE_URL": api.database.conninfo(),
        "TOKEN": api.sign_up(),
    }

    with working(api):
        ended = subprocess.run(
            [*PROGRAMS[language], blocks(language)],
            cwd=tmp_path,
            env={**ENVIRONMENT, **told},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [text for text in PRINTED[language] if text not in ended.stdout] == [], ended.stdout
