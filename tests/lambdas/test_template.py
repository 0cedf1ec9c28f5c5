"""The template is right by AWS's own rules, holds every function, and holds no secret."""

from __future__ import annotations

import re
from typing import Any, Final

import cfnlint
import pytest
from tests.fixtures.project import PROJECT
from tests.lambdas.cloud import CREDENTIALS, PARAMETERS, TEMPLATE, read_template, translated

from candlewatch.deployment.bundles import bundle_of, functions_of

FUNCTIONS: Final = functions_of(PROJECT)
each_function = pytest.mark.parametrize("name", FUNCTIONS)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return read_template(TEMPLATE.read_text())


@pytest.fixture
def made(template: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the resources that CloudFormation makes of the template."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    resources: dict[str, Any] = translated(template, PARAMETERS)["Resources"]
    return resources


def properties(made: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [item["Properties"] for item in made.values() if item["Type"] == kind]


def lint(text: str) -> list[str]:
    return [
        f"{match.rule.id}: {match.message}"
        for match in cfnlint.lint(text, config={"regions": ["eu-west-1", "us-east-1"]})
    ]


def test_cfn_lint_finds_nothing() -> None:
    assert lint(TEMPLATE.read_text()) == []


def test_cfn_lint_finds_what_is_wrong() -> None:
    wrong = TEMPLATE.read_text().replace("RetentionInDays:", "RetentionInDay:", 1)

    assert [said for said in lint(wrong) if "RetentionInDay" in said] != []


@each_function
def test_a_function_has_its_bundle_its_log_and_its_limit(made: dict[str, Any], name: str) -> None:
    (function,) = (
        item
        for item in properties(made, "AWS::Lambda::Function")
        if item["Handler"] == f"functions/{name}/handler.handler"
    )

    assert function["FunctionName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
    assert function["Code"]["S3Key"] == {
        "Fn::Sub": f"candlewatch/${{Version}}/{bundle_of(name)}.zip"
    }
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": f"{name.title()}Log"}}
    assert made[f"{name.title()}Log"]["Properties"]["RetentionInDays"] == {"Ref": "LogDays"}
    assert function["ReservedConcurrentExecutions"]["Fn::If"][0] == "IsReserved"


@each_function
def test_a_function_url_has_both_permissions_and_no_more(
    made: dict[str, Any], template: dict[str, Any], name: str
) -> None:
    logical = name.title()
    (url,) = (
        item
        for item in properties(made, "AWS::Lambda::Url")
        if item["TargetFunctionArn"] == {"Fn::GetAtt": [logical, "Arn"]}
    )
    given = {
        item["Action"]: item
        for item in properties(made, "AWS::Lambda::Permission")
        if item["FunctionName"] == {"Ref": logical} and item["Principal"] == "*"
    }

    assert url["AuthType"] == "NONE"
    assert given.keys() == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert given["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"] == "NONE"
    assert given["lambda:InvokeFunction"]["InvokedViaFunctionUrl"] is True
    assert template["Outputs"][f"{logical}Address"]["Value"] == {
        "Fn::GetAtt": [f"{logical}Url", "FunctionUrl"]
    }


def test_there_is_no_function_without_a_handler(made: dict[str, Any]) -> None:
    handlers = {item["Handler"] for item in properties(made, "AWS::Lambda::Function")}

    assert handlers == {f"functions/{name}/handler.handler" for name in FUNCTIONS}


def test_every_secret_comes_by_reference(made: dict[str, Any]) -> None:
    for function in properties(made, "AWS::Lambda::Function"):
        told = function["Environment"]["Variables"]
        for name in ("API_KEY", "WORKER_TOKEN", "WAKE_SECRET", "METRICS_TOKEN"):
            reference = told[f"CANDLEWATCH_{name}"]["Fn::Sub"]
            assert re.fullmatch(
                r"\{\{resolve:secretsmanager:\$\{Secret\}:SecretString:"
                + name.lower()
                + r"::\$\{SecretVersion\}\}\}",
                reference,
            )


def test_the_alarms_watch_every_function(made: dict[str, Any]) -> None:
    for name in ("Errors", "Failures", "Throttles"):
        alarm = made[f"{name}Alarm"]["Properties"]
        watched = {
            item["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Ref"]
            for item in alarm["Metrics"]
            if "MetricStat" in item
        }
        assert watched == {function.title() for function in FUNCTIONS}


def test_silence_is_an_alarm(made: dict[str, Any]) -> None:
    quiet, tick = (made[name]["Properties"] for name in ("QuietAlarm", "TickAlarm"))

    assert (quiet["TreatMissingData"], tick["TreatMissingData"]) == ("breaching", "breaching")
    assert quiet["EvaluationPeriods"] == {"Ref": "QuietMinutes"}
    assert tick["EvaluationPeriods"] * tick["Period"] <= 180
    assert quiet["MetricName"] == metric_of(made["EvaluateDone"])
    assert tick["MetricName"] == metric_of(made["HealthTold"])


def metric_of(metric_filter: dict[str, Any]) -> Any:
    return metric_filter["Properties"]["MetricTransformations"][0]["MetricName"]


def test_health_is_asked_every_minute_and_keeps_its_dead_letters(made: dict[str, Any]) -> None:
    (rule,) = properties(made, "AWS::Events::Rule")

    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule["Targets"][0]["Arn"] == {"Fn::GetAtt": ["Health", "Arn"]}
    assert made["Health"]["Properties"]["DeadLetterConfig"] == {
        "TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    }
