"""`candlewatch exchange` serves until it is told to stop, or says in one sentence why it cannot."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.fixtures.project import PROJECT
from tests.frames.making import make_window

from candlewatch.frames.files import CandleFile, write_candles

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = os.environ | {"PYTHONPATH": str(PROJECT / "shared")}
COMMAND = [sys.executable, "-m", "candlewatch.cli.main", "exchange"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_a_file_until_it_is_told_to_stop(tmp_path: Path, number: int) -> None:
    file = tmp_path / "candles.parquet"
    write_candles(file, CandleFile(("BTCUSDT",), make_window(symbols=1, candles=1_200)))
    arguments = ["--port", "0", "--candles", str(file), "--speed", "60", "--held"]
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        address = re.search(r"http://[0-9.:]+", told)
        assert address is not None
        state = httpx.get(f"{address[0]}/control").json()
        query = {"symbol": "BTCUSDT", "interval": "5m"}
        rows = httpx.get(f"{address[0]}/api/v3/klines", params=query).json()
        process.send_signal(number)
        assert process.wait(20) == 0

    assert state["speed"] == 0.0
    assert len(rows) == 500


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--candles", "absent.parquet"], "there is no candle file absent.parquet"),
        (["--speed", "0"], "--speed must be above 0, got 0"),
        (["--speed", "-1"], "--speed must be above 0, got -1"),
        (["--speed", "nan"], "--speed must be above 0, got nan"),
        (["--seed", "-1"], "--seed must be 0 or more, got -1"),
        (["--start", "yesterday"], "--start must be a time like"),
        (["--script", "absent.json"], "the fault script absent.json cannot be read"),
    ],
)
def test_a_wrong_argument_is_answered_in_one_sentence(arguments: list[str], sentence: str) -> None:
    process = subprocess.run(
        [*COMMAND, "--port", "0", "--symbols", "3", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=ENVIRONMENT,
    )

    assert process.returncode == 1
    assert process.stderr.startswith(f"candlewatch: {sentence}")
    assert process.stderr.count("\n") == 1
