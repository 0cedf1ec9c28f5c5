"""What a deployment would change, found out by reading alone.

A plan compares what is wanted with what AWS says is there: parameters, the template, the names of
changed secrets, and each function's code by its hash, so that code which somebody changed by hand
is seen, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from candlewatch.deployment.bundles import bundle_of
from candlewatch.deployment.secrets import changed_names
from candlewatch.deployment.stacks import find_stack, parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from candlewatch.deployment.account import Account
    from candlewatch.deployment.releases import Release
    from candlewatch.deployment.secrets import KeptSecret
    from candlewatch.deployment.stacks import Stack

_SHOWN: Final = 12
_NEW_VERSION: Final = "(the next)"


@dataclass(frozen=True)
class Wish:
    """What an operator wants to be there.

    Attributes:
        stack: its name.
        release: code and template.
        settings: the template's parameters that the operator states.
        secrets: what the secret has to hold.
        functions: names of all functions.
    """

    stack: str
    release: Release
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    functions: Sequence[str]


@dataclass(frozen=True)
class Plan:
    """What is wanted, what is there, and the difference.

    Attributes:
        release: the code and the template.
        stack: as it is; None before the first deployment.
        values: of every parameter of the template.
        secret: as Secrets Manager has it; None before the first deployment.
        wanted: the values of the secret.
        lines: the differences, for people; none where nothing differs.
    """

    release: Release
    stack: Stack | None
    values: Mapping[str, str]
    secret: KeptSecret | None
    wanted: Mapping[str, str]
    lines: tuple[str, ...]


def make_plan(account: Account, wish: Wish, secret: KeptSecret | None) -> Plan:
    """Compare what is wanted with what is there.

    Args:
        account: where.
        wish: what is wanted.
        secret: as it is.

    Raises:
        SetupError: a parameter is missing or wrong, or the stack cannot be changed now.
    """
    name, release = wish.stack, wish.release
    stack = find_stack(account, name)
    if stack is not None:
        stack.refuse_unless_ready()
    changed = changed_names(wish.secrets, secret)
    ours = {
        "Region": account.region,
        "Bucket": account.bucket,
        "Version": release.version,
        "Architecture": release.architecture,
        "Runtime": release.runtime,
        "Secret": secret.arn if secret else _NEW_VERSION,
        "SecretVersion": secret.version if secret and not changed else _NEW_VERSION,
    }
    values = parameters(account, release.template, ours, wish.settings, stack)
    lines = [
        *_stack_line(account, name, release, stack),
        *_parameter_lines(values, stack),
        *(f"secret     {item} changes" for item in changed),
        *_function_lines(account, wish),
    ]
    return Plan(release, stack, values, secret, wish.secrets, tuple(lines))


def _stack_line(account: Account, name: str, release: Release, stack: Stack | None) -> list[str]:
    if stack is None:
        return [f"stack      {name} is made in {account.region}"]
    told = account.cloudformation.get_template(StackName=name, TemplateStage="Original")
    same = str(told["TemplateBody"]).strip() == release.template.strip()
    return [] if same else [f"stack      {name} gets another template"]


def _parameter_lines(values: Mapping[str, str], stack: Stack | None) -> list[str]:
    before = stack.parameters if stack else {}
    return [
        f"parameter  {name}: {before.get(name, 'nothing') or 'nothing'} -> {value or 'nothing'}"
        for name, value in sorted(values.items())
        if before.get(name) != value and (value or name in before)
    ]


def _function_lines(account: Account, wish: Wish) -> list[str]:
    lines = []
    for function in wish.functions:
        now = _deployed_code(account, f"{wish.stack}-{function}")
        then = wish.release.code_sha(bundle_of(function))
        if now != then:
            before = (now or "none")[:_SHOWN]
            lines.append(f"function   {function}: code {before} -> {then[:_SHOWN]}")
    return lines


def _deployed_code(account: Account, function: str) -> str | None:
    try:
        told = account.functions.get_function_configuration(FunctionName=function)
    except account.functions.exceptions.ResourceNotFoundException:
        return None
    return str(told["CodeSha256"])
