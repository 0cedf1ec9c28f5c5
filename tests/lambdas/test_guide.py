"""docs/lambda.md says what there is: its commands can be given, its names exist."""

from __future__ import annotations

import re
import shlex
from typing import Final

from tests.fixtures.project import PROJECT
from tests.lambdas.cloud import TEMPLATE, read_template

from candlewatch.cli.main import make_parser

GUIDE: Final = (PROJECT / "docs" / "lambda.md").read_text()
DECIDED: Final = {
    "Architecture", "Bucket", "Region", "Runtime", "Secret", "SecretVersion", "Version"
}  # fmt: skip


def test_every_command_can_be_given() -> None:
    commands = re.findall(r"^candlewatch (.+)$", GUIDE, re.MULTILINE)

    assert len(commands) >= 6
    for command in commands:
        make_parser().parse_args(shlex.split(command))


def test_every_parameter_that_can_be_set_is_named() -> None:
    parameters = read_template(TEMPLATE.read_text())["Parameters"].keys()
    named = set(re.findall(r"`([A-Z]\w+)`", GUIDE))

    assert parameters - DECIDED - named == set()
    assert set(re.findall(r"--set (\w+)=", GUIDE)) <= parameters


def test_the_table_of_alarms_is_whole() -> None:
    resources = read_template(TEMPLATE.read_text())["Resources"]
    made = {name for name, item in resources.items() if item["Type"] == "AWS::CloudWatch::Alarm"}

    assert set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)) == made
