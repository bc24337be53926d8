"""What may not be deleted, and what a deletion tells when something goes wrong."""

from __future__ import annotations

from typing import Any

from tests.faults.cases.case import CONFIGURATION, OK, Case, refused
from tests.support.faulty_aws import Fault, Plane

PROTECTED = "PROTECTED_ENVIRONMENT"
ACCOUNT = "AWS_ACCOUNT_MISMATCH"
RESET = ("db.reset", "--env", "dev", "--yes")
DELETE = ("db.delete", "--env", "dev", "--yes")
ALL = ("Users", "Teams")


def environments(**changes: Any) -> dict[str, Any]:
    """A configuration of environments."""
    return {"environments": changes}


# The table of `Case` holds these while the case's command must leave every table alone.
KEPT_CASES = [
    *(
        Case(
            name=f"{task} with an empty {option}",
            argv=(task, "--env", "dev", "--yes", option, value),
            error=CONFIGURATION,
            says=(option,),
        )
        for task, option, value in (
            ("db.delete", "--table", ""),
            ("db.delete", "--table", " "),
            ("db.reset", "--endpoint", ""),
            ("db.reset", "--profile", "\t"),
            ("db.reset", "--region", ""),
            ("db.reset", "--timeout", ""),
            ("db.delete", "--table", "--unknown"),
        )
    ),
    Case(
        name="an empty environment",
        argv=("db.reset", "--env", "", "--yes"),
        variables={"OSEM_ENV": "dev"},
        error=CONFIGURATION,
        says=("--env",),
        existing=(),
    ),
    Case(
        name="one of two tables is empty",
        argv=(*DELETE, "--table", "Users", "--table", ""),
        error=CONFIGURATION,
        says=("--table",),
    ),
    *(
        Case(
            name=f"{argv[0]} by another environment's prefix",
            argv=argv,
            existing=(),
            foreign={"osem-staging-Users": {"Environment": "staging"}},
            variables={"OSEM_DB_PREFIX": "osem-staging-"},
            error=PROTECTED,
            says=("'staging'", "'dev'", "osem-staging-Users"),
            remedy="OSEM_DB_PREFIX",
        )
        for argv in (RESET, DELETE, ("db.reset", "--env", "dev", "--dry-run"))
    ),
    Case(
        name="a table that is tagged as another environment's",
        argv=RESET,
        existing=("Teams",),
        foreign={"osem-dev-Users": {"Environment": "qa"}},
        error=PROTECTED,
        says=("osem-dev-Users", "'qa'", "'dev'"),
        remedy="db.verify --env dev",
    ),
    Case(
        name="a table that is tagged as another application's",
        argv=DELETE,
        existing=("Teams",),
        foreign={"osem-dev-Users": {"Application": "billing"}},
        error=PROTECTED,
        says=("osem-dev-Users", "'billing'"),
    ),
    Case(
        name="the tables are in another account than STS says",
        argv=RESET,
        existing=ALL,
        configuration=environments(dev={"account": "111111111111"}),
        sts_account="111111111111",
        error=ACCOUNT,
        says=("111111111111", "123456789012"),
        remedy="AWS_ENDPOINT_URL_STS",
    ),
    *(
        Case(
            name=f"{task} in another account than STS says",
            argv=(task, "--env", "dev"),
            configuration=environments(dev={"account": "111111111111"}),
            sts_account="111111111111",
            error=ACCOUNT,
            says=("111111111111", "123456789012"),
        )
        for task in ("db.setup", "db.repair")
    ),
    Case(
        name="prod through a signing proxy on this machine",
        argv=("db.reset", "--env", "prod", "--endpoint", "{url}", "--yes"),
        role="DynamoDB Local",
        error=PROTECTED,
        says=("prod", "does not prove", "123456789012"),
    ),
    Case(
        name="dev through a signing proxy on this machine asks",
        argv=("db.reset", "--env", "dev", "--endpoint", "{url}"),
        role="DynamoDB Local",
        error="CONFIRMATION_REQUIRED",
        says=("does not prove",),
        remedy="--yes",
    ),
    Case(
        name="local through a signing proxy on this machine",
        argv=("db.delete", "--env", "local", "--endpoint", "{url}", "--yes"),
        existing=(),
        foreign={"osem-local-Users": {}},
        role="DynamoDB Local",
        error=PROTECTED,
        says=("local", "does not prove"),
        remedy="--endpoint",
    ),
    Case(
        name="a description without an ARN",
        argv=RESET,
        faults=(Fault("DescribeTable", "without", message="TableArn"),),
        error="NETWORK_ERROR",
    ),
    Case(
        name="tags that are not shown",
        argv=RESET,
        faults=(refused("ListTagsOfResource", "ResourceNotFoundException"),),
        error="NETWORK_ERROR",
        says=("tags",),
    ),
    Case(
        name="tags that may not be read",
        argv=RESET,
        faults=(refused("ListTagsOfResource", "AccessDeniedException"),),
        error="AWS_PERMISSIONS_DENIED",
    ),
    *(
        Case(
            name=f"a description without {member}",
            argv=("db.verify", "--env", "dev"),
            existing=("Users", "Teams"),
            faults=(Fault("DescribeTable", "without", message=member),),
            error="NETWORK_ERROR",
        )
        for member in ("KeySchema", "AttributeDefinitions", "IndexStatus", "ProjectionType")
    ),
]
GONE_CASES = [
    Case(name="all tables go", argv=DELETE, existing=ALL, error=OK, exit=0),
    Case(
        name="DeleteTable loses its answer",
        argv=DELETE,
        existing=("Users",),
        faults=(Fault("DeleteTable", "lose"),),
        error=OK,
        exit=0,
    ),
    Case(
        name="an empty variable is passed over and told",
        argv=DELETE,
        variables={"OSEM_DB_PREFIX": " "},
        error=OK,
        exit=0,
        says=("OSEM_DB_PREFIX is set and empty",),
    ),
]
PARTIAL_CASES = [
    Case(
        name="DeleteTable is lost, and so is what follows",
        argv=DELETE,
        existing=("Users",),
        faults=(Fault("DeleteTable", "lose"), Fault("DescribeTable", "reset", after=6)),
        error="NETWORK_ERROR",
        exit=2,
    ),
    Case(
        name="a deletion that never ends",
        argv=(*DELETE, "--timeout", "3"),
        existing=("Users",),
        plane=Plane(deleting=1e9),
        error="TIMEOUT",
        exit=2,
        says=("osem-dev-Users",),
    ),
]
DELETION_CASES = [*KEPT_CASES, *GONE_CASES, *PARTIAL_CASES]
