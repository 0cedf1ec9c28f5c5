"""AWS as the tests have it: moto answers boto3, and AWS's own translator plays the SAM macro.

CloudFormation translates a SAM template before it makes anything of it; moto does not, and so is
handed the translation.
"""

from __future__ import annotations

import copy
import zipfile
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from cfnlint.decode import cfn_yaml
from moto import mock_aws
from moto.cloudformation import models
from moto.cloudformation.parsing import get_model_map
from samtranslator.translator.transform import transform
from tests.fixtures.project import PROJECT

from candlewatch.deployment.account import Account, open_account
from candlewatch.deployment.bundles import BUNDLES, write_zip
from candlewatch.deployment.releases import Release, release_of
from candlewatch.deployment.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGION: Final = "eu-west-1"
TEMPLATE: Final = PROJECT / "functions" / "template.yaml"
TARGET: Final = Target("aarch64")
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
}
PARAMETERS: Final = {
    "Region": REGION,
    "Bucket": "a-bucket",
    "Version": "0123456789ab",
    "Architecture": "arm64",
    "Runtime": "python3.13",
    "Secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s",
    "SecretVersion": "one",
    "ApiUrl": "https://example.supabase.co",
}


class _Policies:
    """AWS's policies by name: the template needs none that the translator does not know."""

    def load(self) -> dict[str, str]:
        return {}


def plain(template: Any) -> Any:
    """Return a template as plain dictionaries, without the places of its lines."""
    if isinstance(template, dict):
        return {str(key): plain(value) for key, value in template.items()}
    if isinstance(template, list):
        return [plain(item) for item in template]
    return str(template) if isinstance(template, str) else template


@cache
def read_template(text: str) -> dict[str, Any]:
    """Return a template with the short forms (`!Ref`) written out."""
    template = cfn_yaml.loads(text)
    read: dict[str, Any] = plain(template)
    return read


def translated(template: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """Return what CloudFormation makes of a SAM template."""
    if "Transform" not in template:
        return template
    made: dict[str, Any] = transform(copy.deepcopy(template), dict(values), _Policies())
    return made


def filled_in(template: Any, values: dict[str, str]) -> Any:
    """Return a template with parameters written into its texts: moto sees no change in those."""
    if isinstance(template, dict):
        return {key: filled_in(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled_in(item, values) for item in template]
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(f"${{{name}}}", value)
    return template


def what_moto_makes(template: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a template that moto can make; addresses of functions are made up."""
    kept = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] in get_model_map()
    }
    outputs = {
        name: {**output, "Value": f"https://{output['Description']}.lambda-url.test/"}
        for name, output in template["Outputs"].items()
    }
    return {**template, "Resources": kept, "Outputs": outputs}


@contextmanager
def cloud() -> Iterator[Account]:
    """Run an AWS of the test's own; nothing of it is outside of this process."""
    values = dict(PARAMETERS)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict("os.environ", CREDENTIALS))
        stack.enter_context(mock_aws())

        def parse(text: str) -> dict[str, Any]:
            made = translated(read_template(text), values)
            return what_moto_makes(filled_in(made, values))

        def parse_change(change: models.ChangeSet) -> None:
            values.update(change.parameters)
            change.template_dict = parse(change.template)

        carry_out = models.ChangeSet.apply

        def apply(change: models.ChangeSet) -> None:
            carry_out(change)
            change.stack.template_dict = change.template_dict
            change.stack.parameters = dict(change.parameters)
            change.stack.output_map = change.stack._create_output_map()

        stack.enter_context(mock.patch.object(models.ChangeSet, "apply", apply))
        stack.enter_context(mock.patch.object(models.Stack, "parse_template", staticmethod(parse)))
        stack.enter_context(mock.patch.object(models.ChangeSet, "_parse_template", parse_change))
        yield open_account(None)


def small_release(folder: Path, code: str, template: str | None = None) -> Release:
    """Make the zips of a release whose code is one line."""
    digests = {}
    for name in BUNDLES:
        tree = folder / code / name
        (tree / "functions").mkdir(parents=True)
        (tree / "functions" / "handler.py").write_text(f"# {code}\n")
        bundle = write_zip(name, tree, folder / f"{name}.zip", is_compiled=False)
        digests[name] = bundle.digest
        assert zipfile.is_zipfile(bundle.file)
    return release_of(digests, TARGET, template or TEMPLATE.read_text())
