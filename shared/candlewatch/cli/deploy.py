"""`candlewatch deploy`: the functions on AWS Lambda: plan, deploy, list versions, go back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from candlewatch.cli.package import notes_on
from candlewatch.deployment.account import Account, open_account
from candlewatch.deployment.bundles import functions_of
from candlewatch.deployment.plans import Plan, Wish, make_plan
from candlewatch.deployment.releases import keep_release, load_release, make_release, versions
from candlewatch.deployment.secrets import keep_secret, kept_secret, read_secrets, wanted_secret
from candlewatch.deployment.stacks import apply_changes, find_stack, make_changes
from candlewatch.deployment.target import ARCHITECTURES, PYTHONS, Target
from candlewatch.errors import SetupError
from candlewatch.local.home import find_home

if TYPE_CHECKING:
    import argparse

    from candlewatch.deployment.releases import Release
    from candlewatch.deployment.stacks import Stack

WOKEN: Final = ("ingest", "evaluate", "check")
"""Functions that the database wakes, and so has to know the addresses of."""


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("deploy", help="the functions on AWS Lambda: plan, deploy, back")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--plan", action="store_true", help="show what would change, change nothing")
    what.add_argument("--versions", action="store_true", help="list what can be gone back to")
    parser.add_argument("--to", metavar="VERSION", help="deploy an earlier version")
    parser.add_argument("--region", help="for instance eu-west-1")
    parser.add_argument("--stack", default="candlewatch", help="its name, candlewatch by default")
    parser.add_argument("--secrets", type=Path, metavar="FILE", help="lines CANDLEWATCH_API_KEY=..")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a template's parameter"
    )
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="aarch64")
    parser.add_argument("--python", choices=PYTHONS, default=PYTHONS[0])
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do it; whatever AWS refuses becomes one sentence."""
    account = open_account(arguments.region)
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  (see account.py)

    try:
        if arguments.versions:
            _list_versions(account, arguments.stack)
        else:
            _deploy(account, arguments)
    except (BotoCoreError, ClientError) as exc:
        raise SetupError(f"AWS refused: {exc}") from exc
    return 0


def _deploy(account: Account, arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="candlewatch-") as scratch:
        folder = Path(scratch)
        release = _release(account, arguments, folder)
        plan = _plan(account, arguments, release)
        for line in plan.lines or ("nothing changes",):
            print(line, flush=True)
        if arguments.plan or not plan.lines:
            return
        if not arguments.to:
            for name in keep_release(account, release, folder):
                print(f"uploaded   {name} of version {release.version}", flush=True)
            for line in notes_on(_target(arguments)):
                print(line, flush=True)
    stack = _apply(account, arguments.stack, plan)
    print(f"deployed   version {release.version}: {stack.status}")
    for line in wake_lines(stack):
        print(line)


def _release(account: Account, arguments: argparse.Namespace, folder: Path) -> Release:
    if arguments.to:
        return load_release(account, arguments.to)
    return make_release(find_home().project, _target(arguments), folder)


def _target(arguments: argparse.Namespace) -> Target:
    return Target(arguments.architecture, arguments.python)


def _plan(account: Account, arguments: argparse.Namespace, release: Release) -> Plan:
    settings = dict(_pair(text) for text in arguments.set)
    name = _secret_name(arguments.stack)
    kept = kept_secret(account, name)
    if kept is None and arguments.secrets is None:
        raise SetupError(
            "there is no secret yet: say --secrets FILE, with lines CANDLEWATCH_API_KEY=.., "
            "CANDLEWATCH_WORKER_TOKEN=.. and CANDLEWATCH_WAKE_SECRET=.."
        )
    given = read_secrets(arguments.secrets) if arguments.secrets else {}
    functions = functions_of(find_home().project)
    wish = Wish(arguments.stack, release, settings, wanted_secret(given, kept), functions)
    return make_plan(account, wish, kept)


def _apply(account: Account, name: str, plan: Plan) -> Stack:
    """Write the secret, then carry out what CloudFormation says will happen."""
    secret = keep_secret(account, _secret_name(name), plan.wanted, plan.secret)
    values = {**plan.values, "Secret": secret.arn, "SecretVersion": secret.version}
    change = make_changes(account, name, plan.release.template, values, plan.stack)
    if change is None:
        raise SetupError(
            f"the functions of {name} were changed by hand, and CloudFormation sees no difference: "
            "change a file, or deploy another version and then this one"
        )
    for line in change.changes:
        print(line, flush=True)
    return apply_changes(account, change)


def _list_versions(account: Account, name: str) -> None:
    stack = find_stack(account, name)
    now = stack.parameters.get("Version") if stack else None
    for version, uploaded in sorted(versions(account).items(), key=lambda item: item[1]):
        print(f"{version}  {uploaded:%Y-%m-%d %H:%M}{'  deployed' if version == now else ''}")


def wake_lines(stack: Stack) -> list[str]:
    """Return the SQL that tells the database where to wake the functions."""
    return [
        "the database wakes them after this, once for each new stack, in its SQL editor:",
        *(
            f"select vault.create_secret('{stack.outputs[f'{name.title()}Address']}', "
            f"'candlewatch_{name}_url');"
            for name in WOKEN
        ),
    ]


def _secret_name(stack: str) -> str:
    return f"{stack}/functions"


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise SetupError(f"--set needs NAME=VALUE, got {text!r}")
    return name, value
