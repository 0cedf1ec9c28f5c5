"""One command runs the whole system, tells what it lacks, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.fixtures.candle_files import write_candle_file
from tests.fixtures.command import Command, command_in, lines

from candlewatch.local.installation import embedded_installation
from candlewatch.local.ports import LOOPBACK
from candlewatch.local.postgres import make_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPLAY = ("--market", "replay", "--candles")


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    with command_in(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def candles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_candle_file(tmp_path_factory.mktemp("candles") / "candles.parquet")


def table(output: str) -> str:
    return output[output.index("trader  ") :]


@pytest.mark.timeout(240)
def test_one_cycle_of_the_same_data_prints_the_same_signals_byte_for_byte(
    command: Command, candles: Path
) -> None:
    runs = [command.run("up", "--once", *REPLAY, candles) for _ in range(2)]

    assert [run.returncode for run in runs] == [0, 0], runs
    assert "added 5 sample traders" in runs[0].stdout
    first, second = (table(run.stdout) for run in runs)
    assert first == second
    assert "Strongest ten of the day" in first
    command.wait_until_nothing_is_left()


@pytest.mark.timeout(240)
def test_a_running_system_shows_signals_is_reached_by_others_and_ends_on_a_signal(
    command: Command, candles: Path
) -> None:
    with command.running("up", *REPLAY, candles) as up:
        command.wait_until_it_says("evaluated: 5 traders", up)
        status = command.run("status")
        told = dict(line.split("=", 1) for line in command.run("status", "--env").stdout.split())
        invoked = command.run("invoke", "evaluate")
        ticked = command.run("tick")
        second = command.run("up", *REPLAY, candles)
        with psycopg.connect(told["DATABASE_URL"]) as connection:
            row = connection.execute("select count(*) from public.traders").fetchone()
        up.send_signal(signal.SIGINT)
        ended = up.wait()

    assert ended == 0
    assert row == (5,)
    assert "traders    5 running" in status.stdout
    assert set(told) == {
        "SUPABASE_URL",
        "SUPABASE_PUBLISHABLE_KEY",
        "SUPABASE_SECRET_KEY",
        "SUPABASE_JWT_SECRET",
        "DATABASE_URL",
    }
    assert (invoked.returncode, ticked.returncode) == (0, 0)
    assert second.returncode == 1
    assert "runs already" in lines(second)[0]
    command.wait_until_nothing_is_left()


@pytest.mark.timeout(240)
def test_whatever_dies_takes_the_system_with_it_and_the_next_start_succeeds(
    command: Command, candles: Path
) -> None:
    with command.running("up", *REPLAY, candles) as up:
        command.wait_until_it_says("evaluated: 5 traders", up)
        up.send_signal(signal.SIGKILL)
        up.wait()
        command.wait_until_nothing_is_left()

    with command.running("up", *REPLAY, candles) as up:
        command.wait_until_it_says("evaluated: 5 traders", up)
        state = command.home.read_state()
        assert state is not None
        os.kill(state.processes["PostgREST"], signal.SIGKILL)
        ended = up.wait()

    assert ended == 1
    assert "PostgREST ended by itself" in command.said()
    command.wait_until_nothing_is_left()


def test_a_file_that_is_no_parquet_is_a_sentence(command: Command, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_text("no candles")

    done = command.run("up", *REPLAY, broken)

    assert done.returncode == 1
    assert len(lines(done)) == 1
    assert "broken.parquet cannot be read" in done.stderr
    assert command.pids() == []


def test_a_replay_without_a_file_says_which_argument_is_missing(command: Command) -> None:
    done = command.run("up", "--market", "replay")

    assert (done.returncode, len(lines(done))) == (1, 1)
    assert "--candles" in done.stderr


def test_a_taken_port_is_a_sentence(command: Command) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()

        done = command.run("up", "--market", "simulated", "--port", str(taken.getsockname()[1]))

    assert (done.returncode, len(lines(done))) == (1, 1)
    assert "is taken: choose another one with `--port`" in done.stderr
    assert command.pids() == []


def test_data_of_another_version_is_a_sentence_and_reset_starts_over(command: Command) -> None:
    command.home.prepare()
    cluster = make_cluster(embedded_installation(), command.home.postgres)
    cluster.create("password")
    (cluster.data / "PG_VERSION").write_text("16\n")

    done = command.run("up", "--market", "simulated")
    reset = command.run("reset")

    assert (done.returncode, len(lines(done))) == (1, 1)
    assert "was made by Postgres 16" in done.stderr
    assert "candlewatch reset" in done.stderr
    assert reset.returncode == 0
    assert not cluster.data.exists()
    assert not command.home.folder.exists()


def test_what_needs_a_running_system_says_so(command: Command) -> None:
    for name in (["status"], ["tick"], ["invoke", "evaluate"]):
        done = command.run(*name)

        assert (done.returncode, len(lines(done))) == (1, 1)
        assert "nothing runs here" in done.stderr
