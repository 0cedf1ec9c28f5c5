"""The commands about filters: an answer or one sentence, with an exit code, never a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.filters.market import make_market

from candlewatch.cli.main import main
from candlewatch.filters import compile_filter, replay
from candlewatch.frames.files import CandleFile, write_candles
from candlewatch.indicators.catalog import INDICATORS
from candlewatch.indicators.reference import entry
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "fast = ema(close, 9)\nfast > ema(close, 21) and rsi(close, 14) < 60"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "one.filter").write_text(TEXT)
    market, _ = make_market(6, 400, ("5m",), seed=2)
    candles = CandleFile(market.universe.names, market.windows["5m"])
    write_candles(tmp_path / "candles.parquet", candles)
    return tmp_path


def test_check_says_what_a_filter_needs(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(written / "one.filter")]) == 0

    said = capsys.readouterr().out
    assert "of 5m" in said
    assert "ema(21), ema(9), rsi(14)" in said


def test_check_tells_every_problem_and_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad").write_text("crosover(close, 3) and foo")

    assert main(["check", str(tmp_path / "bad")]) == 2

    said = capsys.readouterr().err
    assert "line 1, column 1" in said
    assert "crossed_above" in said
    assert "line 1, column 24" in said


def test_check_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad").write_text("close > opn")

    assert main(["check", str(tmp_path / "bad"), "--json"]) == 2

    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert answer["problems"][0]["rule"] == "unknown_name"


def test_a_file_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "/nowhere/at/all"]) == 1

    assert capsys.readouterr().err.count("\n") == 1


def test_evaluate_says_what_a_replay_says_of_its_last_candle(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market, number = make_market(6, 400, ("5m",), seed=2)
    true, _ = replay(compile_filter(TEXT, TIMEFRAMES["5m"]), market, number, number)
    names = [market.universe.names[place] for place in np.flatnonzero(true[:, 0])]

    candles = str(written / "candles.parquet")
    assert main(["evaluate", str(written / "one.filter"), "--candles", candles, "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert sorted(match["symbol"] for match in answer["matches"]) == sorted(names)
    assert set(answer) == {"candle_at", "matches", "unknown"}
    assert all("fast" in match["values"] for match in answer["matches"])


def test_replay_counts_matches_and_says_what_came_after(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candles = str(written / "candles.parquet")
    assert main(["replay", str(written / "one.filter"), "--candles", candles, "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["candles"] == 400
    assert sum(answer["per_symbol"].values()) == len(answer["matches"]) > 0
    assert sum(answer["per_day"].values()) == len(answer["matches"])
    assert set(answer["after"]) == {"1", "4", "24"}


def test_one_match_of_one_symbol_is_told_in_the_singular(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (written / "one.filter").write_text("close > 0")
    given = [str(written / "one.filter"), "--candles", str(written / "candles.parquet")]
    newest = TIMEFRAMES["5m"].open_of(make_market(6, 400, ("5m",), seed=2)[1]).isoformat()

    assert main(["evaluate", *given, "--symbols", "BTCUSDT"]) == 0
    assert main(["replay", *given, "--symbols", "BTCUSDT", "--from", newest]) == 0

    evaluated, _, replayed = capsys.readouterr().out.splitlines()[:3]
    assert evaluated == f"candle {newest}: 1 match, no symbols unknown"
    assert replayed == "1 match in 1 candle of 1 symbol (0.0% unknown)"


def test_replay_of_an_hour_runs_on_candles_made_of_the_file_s(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(written / "one.filter"), "--candles", str(written / "candles.parquet")]

    assert main(["replay", *given, "--timeframe", "1h"]) == 0
    assert "matches in 3" in capsys.readouterr().out


def test_a_timeframe_shorter_than_the_file_s_is_one_sentence(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(written / "one.filter"), "--candles", str(written / "candles.parquet")]

    assert main(["evaluate", *given, "--timeframe", "1m"]) == 1
    assert "--timeframe" in capsys.readouterr().err


def test_indicators_lists_every_function_and_describes_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["indicators"]) == 0
    assert "crossed_above(a, b)" in capsys.readouterr().out

    assert main(["indicators", "bbands"]) == 0
    assert capsys.readouterr().out == entry(INDICATORS["bbands"])

    assert main(["indicators", "bbans"]) == 2
    assert "bbands" in capsys.readouterr().err
