"""Releases: two bundles and the template that goes with them, kept in S3 under their hash.

A release is complete once its `release.json` is there, which is written last. Nothing is ever
overwritten, so that going back is deploying an earlier one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from candlewatch.deployment.bundles import BUNDLES, make_bundle
from candlewatch.deployment.target import ARCHITECTURES, Target
from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from candlewatch.deployment.account import Account

TEMPLATE: Final = "template.yaml"
_NOTE: Final = "release.json"
_FOLDER: Final = "candlewatch"
_VERSION_LENGTH: Final = 12


@dataclass(frozen=True)
class Release:
    """What is deployed together.

    Attributes:
        version: beginning of the hash of everything in it.
        architecture: as Lambda names it.
        runtime: as Lambda names it.
        digests: SHA-256 of each bundle, hexadecimal.
        template: the template's text.
    """

    version: str
    architecture: str
    runtime: str
    digests: Mapping[str, str]
    template: str

    def code_sha(self, bundle: str) -> str:
        """Return a bundle's hash as Lambda tells it of its functions."""
        return base64.b64encode(bytes.fromhex(self.digests[bundle])).decode()


def make_release(project: Path, target: Target, folder: Path) -> Release:
    """Make the bundles in a folder, and the release of them and of the template of now."""
    bundles = [make_bundle(project, name, target, folder) for name in BUNDLES]
    digests = {bundle.name: bundle.digest for bundle in bundles}
    return release_of(digests, target, (project / "functions" / TEMPLATE).read_text())


def release_of(digests: Mapping[str, str], target: Target, template: str) -> Release:
    """Return the release of bundles with these hashes."""
    architecture, runtime = ARCHITECTURES[target.architecture], f"python{target.python}"
    whole = json.dumps([architecture, runtime, sorted(digests.items()), template])
    version = hashlib.sha256(whole.encode()).hexdigest()[:_VERSION_LENGTH]
    return Release(version, architecture, runtime, dict(digests), template)


def keep_release(account: Account, release: Release, folder: Path) -> list[str]:
    """Upload what S3 does not have of a release; return the names of what was uploaded."""
    make_bucket(account)
    if release.version in versions(account):
        return []
    names = [f"{name}.zip" for name in BUNDLES]
    for name in names:
        _put(account, release.version, name, (folder / name).read_bytes())
    _put(account, release.version, TEMPLATE, release.template.encode())
    note = {key: value for key, value in asdict(release).items() if key != "template"}
    _put(account, release.version, _NOTE, json.dumps(note, sort_keys=True).encode())
    return names


def load_release(account: Account, version: str) -> Release:
    """Return a release that S3 keeps.

    Raises:
        SetupError: there is none of this version.
    """
    if version not in versions(account):
        raise SetupError(
            f"there is no version {version} in the bucket {account.bucket}: "
            "`candlewatch deploy --versions` lists them"
        )
    note = json.loads(_get(account, version, _NOTE))
    return Release(**note, template=_get(account, version, TEMPLATE).decode())


def versions(account: Account) -> dict[str, datetime]:
    """Return the complete releases and when each was uploaded; none where there is no bucket."""
    found = {}
    if not has_bucket(account):
        return {}
    pages = account.s3.get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=account.bucket, Prefix=f"{_FOLDER}/"):
        for item in page.get("Contents", []):
            _, version, name = item["Key"].split("/")
            if name == _NOTE:
                found[version] = item["LastModified"]
    return found


def has_bucket(account: Account) -> bool:
    """Tell whether the bucket is there and ours."""
    owned = account.s3.list_buckets(Prefix=account.bucket).get("Buckets", [])
    return account.bucket in {bucket["Name"] for bucket in owned}


def make_bucket(account: Account) -> None:
    """Make the bucket where there is none, closed to the public."""
    if has_bucket(account):
        return
    place = {"CreateBucketConfiguration": {"LocationConstraint": account.region}}
    account.s3.create_bucket(
        Bucket=account.bucket, **({} if account.region == "us-east-1" else place)
    )
    account.s3.put_public_access_block(
        Bucket=account.bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _put(account: Account, version: str, name: str, data: bytes) -> None:
    account.s3.put_object(
        Bucket=account.bucket,
        Key=f"{_FOLDER}/{version}/{name}",
        Body=data,
        ChecksumAlgorithm="SHA256",
        ExpectedBucketOwner=account.number,
    )


def _get(account: Account, version: str, name: str) -> bytes:
    key = f"{_FOLDER}/{version}/{name}"
    data: bytes = account.s3.get_object(Bucket=account.bucket, Key=key)["Body"].read()
    return data
