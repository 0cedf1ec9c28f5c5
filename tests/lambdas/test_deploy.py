"""A deployment shows what it would change, changes that, and can be taken back; no secret leaks."""

from __future__ import annotations

import copy
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from moto.cloudformation import models
from tests.lambdas.cloud import REGION, cloud, small_release

from candlewatch.cli import deploy, main
from candlewatch.deployment import releases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from candlewatch.deployment.account import Account

SECRETS = {
    "CANDLEWATCH_API_KEY": "the publishable key",
    "CANDLEWATCH_WORKER_TOKEN": "the token of the worker",
    "CANDLEWATCH_WAKE_SECRET": "the secret of all wakes",
}
API = "ApiUrl=https://example.supabase.co"
NAMES = ("check", "evaluate", "explain", "health", "ingest", "metrics", "preview")


@pytest.fixture
def account() -> Iterator[Account]:
    with cloud() as opened:
        yield opened


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return write_secrets(tmp_path / "secrets", SECRETS)


def write_secrets(file: Path, values: dict[str, str]) -> Path:
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    file.chmod(0o600)
    return file


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the command package a line of code in place of the real bundles."""

    def choose(line: str) -> None:
        monkeypatch.setattr(
            deploy, "make_release", lambda _project, _target, folder: small_release(folder, line)
        )

    choose("first")
    return choose


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command; return its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        status = main.main(["deploy", "--region", REGION, *arguments])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run


@pytest.mark.usefixtures("code")
def test_a_plan_changes_nothing(account: Account, secrets: Path, say: Any) -> None:
    status, told = say("--plan", "--secrets", str(secrets), "--set", API)

    assert status == 0
    assert f"stack      candlewatch is made in {REGION}\n" in told
    assert "parameter  ApiUrl: nothing -> https://example.supabase.co\n" in told
    assert "secret     wake_secret changes\n" in told
    assert [name for name in NAMES if f"function   {name}: code none -> " not in told] == []
    assert account.s3.list_buckets()["Buckets"] == []
    assert account.secrets.list_secrets()["SecretList"] == []
    assert account.cloudformation.list_stacks()["StackSummaries"] == []


@pytest.mark.usefixtures("code")
def test_a_deployment_makes_the_functions_with_their_secrets_and_addresses(
    account: Account, secrets: Path, say: Any
) -> None:
    status, told = say("--secrets", str(secrets), "--set", API)

    assert (status, "CREATE_COMPLETE" in told) == (0, True), told
    made = account.functions.list_functions()["Functions"]
    assert sorted(item["FunctionName"] for item in made) == [f"candlewatch-{n}" for n in NAMES]
    (evaluate,) = (item for item in made if item["FunctionName"] == "candlewatch-evaluate")
    references = evaluate["Environment"]["Variables"]
    assert {name: resolve(account, references[name]) for name in SECRETS} == SECRETS
    assert len(resolve(account, references["CANDLEWATCH_METRICS_TOKEN"])) > 32
    assert evaluate["Handler"] == "functions/evaluate/handler.handler"
    assert "select vault.create_secret('https://" in told
    assert [value for value in SECRETS.values() if value in told] == []


def resolve(account: Account, reference: str) -> str:
    """Return what CloudFormation puts in place of a reference; anything else is refused."""
    match = re.fullmatch(
        r"\{\{resolve:secretsmanager:(arn:.+):SecretString:([a-z_]+)::(.+)\}\}", reference
    )
    assert match is not None
    found = account.secrets.get_secret_value(SecretId=match[1], VersionId=match[3])
    return str(json.loads(found["SecretString"])[match[2]])


def test_what_is_deployed_already_is_not_deployed_again(
    account: Account, secrets: Path, say: Any, code: Any
) -> None:
    say("--secrets", str(secrets), "--set", API)

    again = say()
    code("second")
    planned = say("--plan")

    assert again == (0, "nothing changes\n")
    lines = planned[1].splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "parameter  Version", *(f"function   {name}" for name in NAMES)
    ]  # fmt: skip
    assert len(releases.versions(account)) == 1


def test_an_earlier_version_comes_back_with_its_own_code(
    account: Account, secrets: Path, say: Any, code: Any
) -> None:
    say("--secrets", str(secrets), "--set", API)
    first, sha = version_of(account), code_of(account)
    code("second")
    say()
    second, other = version_of(account), code_of(account)

    status, told = say("--to", first)

    assert (status, version_of(account), code_of(account)) == (0, first, sha), told
    assert (second != first, other != sha) == (True, True)
    listed = say("--versions")[1].splitlines()
    assert sorted(line.split()[0] for line in listed) == sorted([first, second])
    assert [line.split()[0] for line in listed if line.endswith("deployed")] == [first]


def version_of(account: Account) -> str:
    (stack,) = account.cloudformation.describe_stacks(StackName="candlewatch")["Stacks"]
    found = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    return str(found["Version"])


def code_of(account: Account) -> str:
    told = account.functions.get_function_configuration(FunctionName="candlewatch-evaluate")
    return str(told["CodeSha256"])


@pytest.mark.usefixtures("code")
def test_code_that_somebody_changed_by_hand_is_seen(
    account: Account, secrets: Path, say: Any, tmp_path: Path
) -> None:
    say("--secrets", str(secrets), "--set", API)
    small_release(tmp_path, "by hand")
    account.functions.update_function_code(
        FunctionName="candlewatch-health", ZipFile=(tmp_path / "light.zip").read_bytes()
    )

    told = say("--plan")[1]

    assert told.startswith("function   health: code ")
    assert told.count("\n") == 1


@pytest.mark.usefixtures("code")
def test_code_that_was_changed_by_hand_is_not_passed_over_in_silence(
    account: Account, secrets: Path, say: Any, tmp_path: Path
) -> None:
    say("--secrets", str(secrets), "--set", API)
    small_release(tmp_path, "by hand")
    account.functions.update_function_code(
        FunctionName="candlewatch-health", ZipFile=(tmp_path / "light.zip").read_bytes()
    )

    status, told = say()

    assert (status, "were changed by hand" in told) == (1, True)


@pytest.mark.usefixtures("code")
def test_a_change_that_aws_rolled_back_names_the_resource_that_failed_first(
    account: Account, secrets: Path, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    say("--secrets", str(secrets), "--set", API)
    monkeypatch.setattr(models.CloudFormationBackend, "execute_change_set", roll_back)

    status, told = say("--set", "LogDays=30")

    assert status == 1
    assert told.splitlines()[-1] == (
        "candlewatch: the stack candlewatch was not changed, AWS rolled back: "
        "EvaluateLog: you may not change retention"
    )
    assert account.cloudformation.describe_stacks()["Stacks"][0]["StackName"] == "candlewatch"


def roll_back(backend: models.CloudFormationBackend, change_set_name: str, **_: str | None) -> None:
    """Fail as CloudFormation does: the first failure makes others."""
    stack = backend.change_sets[change_set_name].stack
    stack._add_stack_event("UPDATE_IN_PROGRESS")
    for name, reason in (("EvaluateLog", "you may not change retention"), ("Check", "cancelled")):
        event = copy.copy(stack.events[-1])
        event.logical_resource_id, event.physical_resource_id = name, f"{name}-1"
        event.resource_status, event.resource_status_reason = "UPDATE_FAILED", reason
        stack.events.append(event)
    stack.status = "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.usefixtures("code")
def test_a_stack_that_never_came_up_is_not_touched(
    account: Account, secrets: Path, say: Any
) -> None:
    say("--secrets", str(secrets), "--set", API)
    (stack,) = models.cloudformation_backends[account.number][REGION].stacks.values()
    stack.status = "ROLLBACK_COMPLETE"

    status, told = say("--set", "LogDays=30")

    assert (status, "delete it (aws cloudformation delete-stack" in told) == (1, True)


@pytest.mark.usefixtures("code")
def test_a_changed_secret_is_a_new_version_that_the_functions_get(
    account: Account, secrets: Path, say: Any
) -> None:
    say("--secrets", str(secrets), "--set", API)
    before = kept(account)
    write_secrets(secrets, SECRETS | {"CANDLEWATCH_WAKE_SECRET": "another secret of wakes"})

    planned = say("--plan", "--secrets", str(secrets))[1]
    unchanged = kept(account)
    status, _ = say("--secrets", str(secrets))

    assert [line.split(":")[0] for line in planned.splitlines()] == [
        "parameter  SecretVersion", "secret     wake_secret changes"
    ]  # fmt: skip
    assert unchanged == before
    assert status == 0
    assert kept(account) == before | {"wake_secret": "another secret of wakes"}


def kept(account: Account) -> dict[str, str]:
    found = account.secrets.get_secret_value(SecretId="candlewatch/functions")
    return dict(json.loads(found["SecretString"]))


@pytest.mark.usefixtures("code", "account")
def test_secrets_that_others_may_read_are_refused(secrets: Path, say: Any) -> None:
    secrets.chmod(0o644)

    status, told = say("--secrets", str(secrets), "--set", API)

    assert (status, f"others may read {secrets}" in told) == (1, True)


@pytest.mark.parametrize("missing", sorted(SECRETS))
@pytest.mark.usefixtures("code", "account")
def test_a_missing_secret_is_refused_by_name(secrets: Path, say: Any, missing: str) -> None:
    write_secrets(secrets, {name: value for name, value in SECRETS.items() if name != missing})

    status, told = say("--secrets", str(secrets), "--set", API)

    assert (status, missing in told) == (1, True)
    assert [value for value in SECRETS.values() if value in told] == []


@pytest.mark.usefixtures("code", "account")
def test_what_is_missing_or_wrong_is_said_in_one_sentence(secrets: Path, say: Any) -> None:
    said = {
        "there is no secret yet": say("--set", API),
        "ApiUrl has no value: say --set ApiUrl=VALUE": say("--secrets", str(secrets)),
        "Bucket is no parameter that can be set": say(
            "--secrets", str(secrets), "--set", API, "--set", "Bucket=mine"
        ),
        "--set needs NAME=VALUE, got 'ApiUrl'": say("--secrets", str(secrets), "--set", "ApiUrl"),
        "there is no version 0123456789ab": say("--to", "0123456789ab"),
    }

    assert [
        words for words, (status, told) in said.items() if status != 1 or words not in told
    ] == []
    assert [told for _, told in said.values() if told.count("\n") != 1] == []


def test_without_boto3_the_command_says_how_to_install_it(
    say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)

    status, told = say("--plan")

    assert status == 1
    assert told == (
        "candlewatch: candlewatch deploy needs boto3: run `make setup`, "
        "or install candlewatch[aws]\n"
    )


@pytest.mark.usefixtures("account")
def test_without_a_region_the_command_asks_for_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert main.main(["deploy", "--plan"]) == 1
    assert "no region is chosen: say for instance --region eu-west-1" in capsys.readouterr().err


@pytest.mark.usefixtures("account")
def test_an_upload_that_was_cut_off_is_no_version(account: Account, tmp_path: Path) -> None:
    release = small_release(tmp_path, "cut off")
    releases.keep_release(account, release, tmp_path)
    key = f"candlewatch/{release.version}/release.json"
    account.s3.delete_object(Bucket=account.bucket, Key=key)

    before = dict(releases.versions(account))
    uploaded = releases.keep_release(account, release, tmp_path)

    assert before == {}
    assert uploaded == ["engine.zip", "light.zip"]
    assert releases.load_release(account, release.version) == release


@pytest.mark.usefixtures("account")
def test_the_bucket_is_closed_to_the_public(account: Account) -> None:
    releases.make_bucket(account)

    told = account.s3.get_public_access_block(Bucket=account.bucket)

    assert set(told["PublicAccessBlockConfiguration"].values()) == {True}
