"""The CloudFormation stack: what it is now, what its parameters have to be, and its change.

1. `find_stack`    the stack as it is, or nothing
2. `parameters`    ours, the operator's, those that stay as they are, and the template's defaults
3. `make_changes`  a change set: CloudFormation's own list of what will happen
4. `apply_changes` carries it out and waits; AWS rolls back by itself when anything fails
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from candlewatch.deployment.account import Account

_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
_NOT_MADE: Final = "REVIEW_IN_PROGRESS"
_NEVER_RAN: Final = "ROLLBACK_COMPLETE"
_NO_CHANGES: Final = ("didn't contain changes", "no updates are to be performed")
_POLL: Final = {"Delay": 5, "MaxAttempts": 360}


@dataclass(frozen=True)
class Stack:
    """A stack as it is.

    Attributes:
        name: its name.
        status: CloudFormation's word.
        parameters: value by name.
        outputs: value by name.
    """

    name: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    def refuse_unless_ready(self) -> None:
        """Refuse a stack that cannot be changed now.

        Raises:
            SetupError: it is being changed, or its first creation failed.
        """
        if self.status == _NEVER_RAN:
            raise SetupError(
                f"the stack {self.name} failed when it was created and cannot be changed: delete "
                f"it (aws cloudformation delete-stack --stack-name {self.name}) and deploy again"
            )
        if not self.status.endswith("_COMPLETE"):
            raise SetupError(f"the stack {self.name} is {self.status}: wait, or look at its events")


@dataclass(frozen=True)
class ChangeSet:
    """A change that is ready to be carried out; `changes` are lines for people."""

    stack: str
    arn: str
    kind: str
    changes: tuple[str, ...]


def find_stack(account: Account, name: str) -> Stack | None:
    """Return a stack; None where there is none yet."""
    try:
        (told,) = account.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except account.cloudformation.exceptions.ClientError as exc:
        if "does not exist" in str(exc):
            return None
        raise
    if told["StackStatus"] == _NOT_MADE:
        return None
    return Stack(
        name,
        told["StackStatus"],
        {item["ParameterKey"]: item["ParameterValue"] for item in told.get("Parameters", [])},
        {item["OutputKey"]: item["OutputValue"] for item in told.get("Outputs", [])},
    )


def parameters(
    account: Account,
    template: str,
    ours: Mapping[str, str],
    theirs: Mapping[str, str],
    stack: Stack | None,
) -> dict[str, str]:
    """Return the value of every parameter of a template.

    Args:
        account: asked for the template's parameters and their defaults.
        template: its text.
        ours: what the deployment decides.
        theirs: what the operator says.
        stack: as it is; what it has stays where nobody says otherwise.

    Raises:
        SetupError: one has no value, or the operator names one that is none of theirs.
    """
    told = account.cloudformation.get_template_summary(TemplateBody=template)["Parameters"]
    defaults = {item["ParameterKey"]: item.get("DefaultValue") for item in told}
    wrong = sorted(name for name in theirs if name not in defaults or name in ours)
    if wrong:
        known = ", ".join(sorted(defaults.keys() - ours.keys()))
        raise SetupError(f"{wrong[0]} is no parameter that can be set: choose from {known}")
    before = stack.parameters if stack else {}
    values = {}
    for name, default in defaults.items():
        value = {**before, **theirs, **ours}.get(name, default)
        if value is None:
            raise SetupError(f"{name} has no value: say --set {name}=VALUE")
        values[name] = value
    return values


def make_changes(
    account: Account, name: str, template: str, values: Mapping[str, str], stack: Stack | None
) -> ChangeSet | None:
    """Make a change set; None where nothing differs.

    Raises:
        SetupError: CloudFormation refuses it; the sentence ends with its reason.
    """
    kind = "UPDATE" if stack else "CREATE"
    made = account.cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=f"candlewatch-{datetime.now(UTC):%Y%m%d%H%M%S%f}",
        ChangeSetType=kind,
        TemplateBody=template,
        Parameters=[{"ParameterKey": key, "ParameterValue": values[key]} for key in sorted(values)],
        Capabilities=_CAPABILITIES,
    )["Id"]
    from botocore.exceptions import WaiterError  # noqa: PLC0415  (see account.py)

    waiter = account.cloudformation.get_waiter("change_set_create_complete")
    try:
        waiter.wait(StackName=name, ChangeSetName=made, WaiterConfig=_POLL)
    except WaiterError as exc:
        told = account.cloudformation.describe_change_set(StackName=name, ChangeSetName=made)
        reason = told.get("StatusReason", str(exc))
        account.cloudformation.delete_change_set(StackName=name, ChangeSetName=made)
        if any(words in reason.lower() for words in _NO_CHANGES):
            return None
        raise SetupError(f"CloudFormation refuses the change: {reason}") from exc
    return ChangeSet(name, made, kind.lower(), _changes(account, name, made))


def apply_changes(account: Account, change: ChangeSet) -> Stack:
    """Carry a change out and return the stack as it is then.

    Raises:
        SetupError: it failed and was rolled back; the sentence names the resource and the reason.
    """
    from botocore.exceptions import WaiterError  # noqa: PLC0415  (see account.py)

    account.cloudformation.execute_change_set(StackName=change.stack, ChangeSetName=change.arn)
    waiter = account.cloudformation.get_waiter(f"stack_{change.kind}_complete")
    try:
        waiter.wait(StackName=change.stack, WaiterConfig=_POLL)
    except WaiterError as exc:
        raise SetupError(
            f"the stack {change.stack} was not changed, AWS rolled back: "
            f"{_first_failure(account, change.stack)}"
        ) from exc
    stack = find_stack(account, change.stack)
    if stack is None:
        raise SetupError(f"the stack {change.stack} is gone: look at CloudFormation's console")
    return stack


def _changes(account: Account, name: str, change_set: str) -> tuple[str, ...]:
    pages = account.cloudformation.get_paginator("describe_change_set")
    return tuple(
        _line(change["ResourceChange"])
        for page in pages.paginate(StackName=name, ChangeSetName=change_set)
        for change in page["Changes"]
    )


def _line(change: Mapping[str, Any]) -> str:
    replaced = " (replaced)" if change.get("Replacement") == "True" else ""
    what = f"{change['LogicalResourceId']} {change['ResourceType']}"
    return f"{change['Action'].lower():<7} {what}{replaced}"


def _first_failure(account: Account, name: str) -> str:
    """Return the oldest failure of the last change: what came after follows from it."""
    failure = "no resource says why"
    for event in account.cloudformation.describe_stack_events(StackName=name)["StackEvents"]:
        status = event["ResourceStatus"]
        if status.endswith("_FAILED"):
            reason = event.get("ResourceStatusReason", "no reason given")
            failure = f"{event['LogicalResourceId']}: {reason}"
        is_whole = event["PhysicalResourceId"] == event["StackId"]
        if is_whole and status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
            break
    return failure
