"""No process outlives the one that started it, and one that cannot start says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.fixtures.project import ENVIRONMENT
from tests.fixtures.waiting import is_alive, wait_for

if TYPE_CHECKING:
    from pathlib import Path

from candlewatch.errors import SetupError
from candlewatch.local import processes

STARTER = """
import sys, time
from pathlib import Path
from candlewatch.local import processes
child = processes.start("child", [sys.executable, "-c", "import time; time.sleep(600)"],
                        log=Path(sys.argv[1]) / "child.log")
Path(sys.argv[1], "pid").write_text(str(child.pid))
time.sleep(600)
"""


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], env=ENVIRONMENT)
    pid_file = tmp_path / "pid"
    wait_for(lambda: pid_file.exists() and pid_file.read_text() != "", "the child started")
    child = int(pid_file.read_text())

    parent.kill()
    parent.wait()

    wait_for(lambda: not is_alive(child), "the child ended")


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(1, flush=True)\ntime.sleep(600)\n"
    )
    child = processes.start("child", [sys.executable, "-c", deaf], log=tmp_path / "log")
    wait_for(lambda: child.log.read_text() != "", "the child is deaf")

    child.stop(patience_seconds=0.1)

    assert not is_alive(child.pid)


def test_grandchildren_end_with_the_child(tmp_path: Path) -> None:
    family = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(p.pid, flush=True)\ntime.sleep(600)\n"
    )
    child = processes.start("child", [sys.executable, "-c", family], log=tmp_path / "log")
    wait_for(lambda: child.log.read_text() != "", "the grandchild started")

    child.stop()

    wait_for(lambda: not is_alive(int(child.log.read_text())), "the grandchild ended")


def test_a_child_that_ends_while_starting_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    failing = "import sys; sys.exit('no luck today')"
    child = processes.start("the child", [sys.executable, "-c", failing], log=tmp_path / "log")

    with pytest.raises(SetupError, match="the child ended while starting: no luck today"):
        child.wait_until(lambda: False, "become ready", 10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_child_is_stopped_by_the_signal_that_it_wants(tmp_path: Path, number: int) -> None:
    program = (
        "import os, signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: (os.write(1, b' bye'), sys.exit()))\n"
        "print('up', flush=True)\ntime.sleep(600)\n"
    )
    child = processes.start(
        "child", [sys.executable, "-c", program], log=tmp_path / "log", stop_signal=number
    )
    wait_for(lambda: "up" in child.log.read_text(), "the child listens")

    child.stop()

    assert child.log.read_text().split() == ["up", "bye"]


def test_this_test_process_is_not_in_the_group_of_its_children(tmp_path: Path) -> None:
    child = processes.start("child", [sys.executable, "-c", "input()"], log=tmp_path / "log")

    assert os.getpgid(os.getpid()) != child.pid
    child.kill()
