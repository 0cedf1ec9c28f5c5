"""The real bundles: small enough, made twice alike, and every handler starts from its own."""

from __future__ import annotations

import platform
import sys
import zipfile
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.fixtures.project import PROJECT
from tests.lambdas.runtime import SETTINGS, running

from candlewatch.cli import main
from candlewatch.cli.package import UNPACKED_WISHED
from candlewatch.deployment.bundles import BUNDLES, bundle_of, functions_of, make_bundle
from candlewatch.deployment.target import Target
from candlewatch.local.payload import event_of

if TYPE_CHECKING:
    from pathlib import Path

HERE: Final = Target(platform.machine(), f"{sys.version_info[0]}.{sys.version_info[1]}")
ANSWERS: Final = {"health": 503}

pytestmark = [pytest.mark.outside, pytest.mark.timeout(600)]


@pytest.mark.parametrize("architecture", ["aarch64", "x86_64"])
def test_the_bundles_are_under_100_megabytes(
    architecture: str, tmp_path: Path, capsys: pytest.CaptureFixture[Any]
) -> None:
    status = main.main(["package", "--architecture", architecture, "--to", str(tmp_path)])

    lines = [line for line in capsys.readouterr().out.splitlines() if "unpacked" in line]
    assert status == 0
    assert [line.split()[:2] for line in lines] == [[architecture, name] for name in BUNDLES]
    assert [line for line in lines if "more than" in line] == []


def test_a_compiled_bundle_made_twice_has_the_same_bytes(tmp_path: Path) -> None:
    first, second = (make_bundle(PROJECT, "light", HERE, tmp_path / n) for n in ("a", "b"))

    assert first.is_compiled
    assert first.file.read_bytes() == second.file.read_bytes()


def test_every_handler_starts_from_the_bundle_and_refuses_strangers(tmp_path: Path) -> None:
    trees = {}
    for name in BUNDLES:
        bundle = make_bundle(PROJECT, name, HERE, tmp_path / "zips")
        trees[name] = tmp_path / name
        with zipfile.ZipFile(bundle.file) as archive:
            archive.extractall(trees[name])
        assert bundle.unpacked < UNPACKED_WISHED

    statuses = {}
    for function in functions_of(PROJECT):
        with running(trees[bundle_of(function)], function, SETTINGS, tmp_path) as runtime:
            runtime.events.put(event_of("POST", "/", "", {}, b"{}"))
            kind, answer = runtime.answered()
        assert kind == "response", answer
        statuses[function] = answer["statusCode"]

    assert statuses == {name: ANSWERS.get(name, 401) for name in functions_of(PROJECT)}
