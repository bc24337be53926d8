"""Regions and accounts other than the expected ones."""

from __future__ import annotations

from tests.faults.cases.case import (
    ALL_WELL,
    CONFIGURATION,
    KEYS,
    OK,
    PROD,
    SIX,
    Case,
    account,
    profile,
)

REGION_CASES = [
    Case(name="no region is us-east-1", error=OK, exit=0, account=ALL_WELL),
    Case(
        name="region malformed",
        argv=("db.setup", "--env", "dev", "--region", "us east 1"),
        error=CONFIGURATION,
        says=("us east 1",),
    ),
    Case(
        name="region with a trailing blank",
        variables={"AWS_REGION": "us-east-1 "},
        error=CONFIGURATION,
        says=("us-east-1 ",),
    ),
    Case(
        name="AWS_REGION is honoured and a mismatch warns on dev",
        variables={"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"},
        error=OK,
        exit=0,
        says=("⚠", "expected in us-east-1", "eu-west-1"),
        account=account(Created=SIX),
    ),
    Case(
        name="the profile's region counts",
        variables=profile("eu"),
        config=f"[profile eu]\nregion = eu-central-1\n{KEYS}",
        error=OK,
        exit=0,
        says=("⚠", "eu-central-1"),
        account=account(Created=SIX),
    ),
    Case(
        name="a region mismatch stops prod",
        argv=("db.setup", "--env", "prod"),
        variables={"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": None},
        error="AWS_REGION_MISMATCH",
        says=("eu-west-1", "us-east-1"),
        remedy="--region us-east-1",
    ),
    Case(
        name="a region mismatch is forced on prod",
        argv=PROD,
        variables={"AWS_REGION": "eu-west-1"},
        error=OK,
        exit=0,
        says=("⚠", "eu-west-1"),
        account=account(Created=SIX),
    ),
    Case(
        name="another account than the pinned one",
        configuration={"environments": {"dev": {"account": "999999999999"}}},
        error="AWS_ACCOUNT_MISMATCH",
        says=("999999999999", "123456789012"),
        remedy="--profile",
    ),
]
