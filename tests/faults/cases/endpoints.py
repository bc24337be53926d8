"""Endpoints, environments, and what a task refuses to do."""

from __future__ import annotations

from tests.faults.cases.case import (
    ALL_WELL,
    CONFIGURATION,
    KEYS,
    NO_KEYS,
    OK,
    PROD,
    REST,
    Case,
    account,
)

LEADING = f"[default]\nregion = us-east-1\nendpoint_url = {{url}}\n{KEYS}"
SECTION = (
    f"[default]\nregion = us-east-1\nservices = here\n{KEYS}"
    "[services here]\ndynamodb =\n  endpoint_url = {url}\nsts =\n  endpoint_url = {url}\n"
)
IDENTITY = (
    f"[default]\nregion = us-east-1\nservices = here\n{KEYS}"
    "[services here]\nsts =\n  endpoint_url = {url}\n"
)
ENDPOINT_CASES = [
    *(
        Case(
            name=f"{what} leads {env} to {role}",
            argv=("db.setup", "--env", env),
            role=role,
            config=config,
            variables={**NO_KEYS, "AWS_ENDPOINT_URL": None},
            error=CONFIGURATION,
            says=(what, "a local engine", f"nvironment {env} (by --env)"),
            remedy="AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
        )
        for env in ("staging", "prod")
        for role in ("DynamoDB Local", "moto")
        for what, config in (
            ("endpoint_url of profile 'default'", LEADING),
            ("endpoint_url of services section 'here'", SECTION),
        )
    ),
    Case(
        name="a section leads STS alone to moto",
        role="moto",
        config=IDENTITY,
        variables={**NO_KEYS, "AWS_ENDPOINT_URL": None},
        error=CONFIGURATION,
        says=("STS", "a local engine"),
        remedy="AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
    ),
    Case(
        name="a profile diverts prod",
        argv=("db.setup", "--env", "prod"),
        config=LEADING,
        variables={**NO_KEYS, "AWS_ENDPOINT_URL": None},
        error=CONFIGURATION,
        says=("endpoint_url of profile 'default'", "rod"),
        remedy="--force",
    ),
    Case(
        name="a profile diverts prod by force",
        argv=PROD,
        config=LEADING,
        variables={**NO_KEYS, "AWS_ENDPOINT_URL": None},
        error=OK,
        exit=0,
        says=("⚠", "by endpoint_url of profile 'default'"),
        account=ALL_WELL,
    ),
    Case(
        name="a profile ignores the variable that diverts",
        config=f"[default]\nregion = us-east-1\nignore_configured_endpoint_urls = true\n{KEYS}",
        variables={**NO_KEYS, "HTTPS_PROXY": "{closed}"},
        error="NETWORK_ERROR",
        says=("checking the credentials",),
    ),
    Case(
        name="endpoint variable without scheme",
        variables={"AWS_ENDPOINT_URL": "127.0.0.1:8000"},
        error=CONFIGURATION,
        says=("AWS_ENDPOINT_URL", "127.0.0.1:8000"),
        remedy="http://",
    ),
    Case(
        name="endpoint option without a number for a port",
        argv=("db.setup", "--env", "dev", "--endpoint", "http://127.0.0.1:eight"),
        error=CONFIGURATION,
        says=("--endpoint",),
        remedy="http://",
    ),
    Case(
        name="AWS refuses connections",
        variables={"AWS_ENDPOINT_URL": "{closed}"},
        error="NETWORK_ERROR",
        remedy="endpoint",
    ),
    Case(
        name="prod is diverted",
        argv=("db.setup", "--env", "prod"),
        error=CONFIGURATION,
        says=("AWS_ENDPOINT_URL", "prod"),
        remedy="unset AWS_ENDPOINT_URL",
    ),
    Case(
        name="prod is diverted by force",
        argv=PROD,
        error=OK,
        exit=0,
        says=("⚠", "AWS_ENDPOINT_URL"),
        account=ALL_WELL,
    ),
    Case(
        name="dev is diverted to the engine of local.up",
        record="{url}",
        error=CONFIGURATION,
        says=("AWS_ENDPOINT_URL",),
        remedy="unset AWS_ENDPOINT_URL",
    ),
    Case(
        name="dev is diverted to some DynamoDB Local",
        role="DynamoDB Local",
        error=CONFIGURATION,
        says=("local engine",),
        remedy="--endpoint",
    ),
    Case(
        name="local is led to AWS",
        argv=("db.setup", "--endpoint", "https://dynamodb.us-east-1.amazonaws.com"),
        error=CONFIGURATION,
        says=("amazonaws.com",),
        remedy="--env",
    ),
    Case(
        name="unknown environment",
        argv=("db.setup", "--env", "nosuch"),
        error=CONFIGURATION,
        says=("nosuch", "local, test, dev, staging, prod"),
    ),
    Case(
        name="several bad values are told at once",
        configuration={"environments": {"dev": {"account": 12, "where": "moon"}}, "port": "x"},
        error=CONFIGURATION,
        says=("account", "where", "osem.port"),
        remedy="invoke.yaml",
    ),
    Case(
        name="deadline that is no number",
        argv=("db.setup", "--env", "dev", "--timeout", "soon"),
        error=CONFIGURATION,
        says=("--timeout", "soon"),
    ),
    Case(
        name="prod is never deleted",
        argv=("db.delete", "--env", "prod", "--yes", "--force"),
        error="PROTECTED_ENVIRONMENT",
        says=("prod",),
    ),
    Case(
        name="prod is never reset",
        argv=("db.reset", "--env", "prod", "--yes", "--force"),
        error="PROTECTED_ENVIRONMENT",
        says=("prod",),
    ),
    Case(
        name="deleting on AWS needs --yes",
        argv=("db.delete", "--env", "dev"),
        error="CONFIRMATION_REQUIRED",
        says=("dev",),
        remedy="--yes",
    ),
    Case(
        name="nothing there to verify",
        argv=("db.verify", "--env", "dev"),
        error="TABLE_NOT_FOUND",
        existing=(),
        remedy="db.setup --env dev",
    ),
    Case(
        name="half of it there to verify",
        argv=("db.verify", "--env", "dev"),
        error="TABLE_NOT_FOUND",
        says=("osem-dev-Teams", "osem-dev-ConfigVersions"),
        remedy="db.setup --env dev",
    ),
    Case(
        name="a table that differs, to verify",
        argv=("db.verify", "--env", "dev"),
        drifted=True,
        error="SCHEMA_VALIDATION_FAILED",
        says=("osem-dev-Users",),
    ),
    Case(
        name="a table that differs stops a setup before it creates",
        drifted=True,
        error="SCHEMA_VALIDATION_FAILED",
        says=("osem-dev-Users",),
        remedy="db.setup --env dev --repair",
        account=account(Failed=("Users",), NotAttempted=REST),
    ),
]
