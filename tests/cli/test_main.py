"""The command line finds its commands, prints our errors as one sentence, and imports little."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.fixtures.project import ENVIRONMENT

from candlewatch.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def test_every_command_is_in_the_help_and_has_a_module(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["--help"])

    printed = capsys.readouterr().out
    assert [name for name in main.COMMANDS if f"\n    {name}" not in printed] == []


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["dance"])

    assert "invalid choice: 'dance'" in capsys.readouterr().err


def test_an_error_of_ours_is_one_sentence_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CANDLEWATCH_HOME", str(tmp_path))

    code = main.main(["status"])

    printed = capsys.readouterr().err
    assert code == 1
    assert printed.startswith("candlewatch: nothing runs here")
    assert printed.count("\n") == 1


def test_a_command_does_not_import_the_others() -> None:
    program = (
        "import sys\n"
        "from candlewatch.cli.main import make_parser\n"
        "make_parser(['reset'])\n"
        "print(sorted(set(sys.modules) & {'numpy', 'talib', 'pyarrow', 'rich', 'supabase'}))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    environment = ENVIRONMENT | {"CANDLEWATCH_HOME": str(tmp_path / "none")}
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m candlewatch.cli.main reset | true"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Traceback" not in done.stderr
