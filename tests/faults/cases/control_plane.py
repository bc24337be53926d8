"""A control plane that refuses or is slow."""

from __future__ import annotations

import math

from tests.faults.cases.case import ALL_WELL, NO_CHANGE, OK, PROD, SIX, Case, account, refused
from tests.support.faulty_aws import Plane

THROTTLED = ("ThrottlingException", "Rate exceeded")
DENIED = ("AccessDeniedException", "User u is not authorized to perform: dynamodb:")
AT_PLANS = account(
    Verified=("Users",),
    Created=("Teams",),
    Failed=("AssessmentPlans",),
    NotAttempted=("Assessments", "AssessmentReports", "ConfigVersions"),
)
IMPATIENT = ("db.setup", "--env", "dev", "--timeout", "3")
SIMULTANEOUS = "Subscriber limit exceeded: Only 10 tables can be created simultaneously"
PLANE_CASES = [
    Case(
        name="CreateTable throttled for a while",
        faults=(refused("CreateTable", *THROTTLED, times=4, after=1),),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="CreateTable throttled for ever",
        argv=IMPATIENT,
        faults=(refused("CreateTable", *THROTTLED, table="Plans"),),
        error="THROTTLED",
        exit=2,
        says=("osem-dev-AssessmentPlans", "Rate exceeded"),
        account=AT_PLANS,
    ),
    Case(
        name="DescribeTable throttled for a while",
        faults=(refused("DescribeTable", *THROTTLED, times=19),),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="DescribeTable throttled for ever",
        argv=IMPATIENT,
        faults=(refused("DescribeTable", *THROTTLED),),
        error="THROTTLED",
        account=NO_CHANGE,
    ),
    Case(
        name="500s for a while",
        faults=(
            refused("DescribeTable", "InternalServerError", status=500, times=2),
            refused("CreateTable", "InternalServerError", status=500, times=2),
        ),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="500s for ever",
        faults=(refused("CreateTable", "InternalServerError", status=500, table="Plans"),),
        error="NETWORK_ERROR",
        exit=2,
        says=("osem-dev-AssessmentPlans",),
        account=AT_PLANS,
    ),
    Case(
        name="a limit on simultaneous creates",
        plane=Plane(creating=0.1, simultaneous=2),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="a limit on simultaneous creates that never ends",
        argv=IMPATIENT,
        faults=(refused("CreateTable", "LimitExceededException", SIMULTANEOUS, table="Plans"),),
        error="TABLE_LIMIT_EXCEEDED",
        exit=2,
        says=("simultaneously",),
        account=AT_PLANS,
    ),
    Case(
        name="the quota on tables is reached half-way",
        plane=Plane(quota=1),
        error="TABLE_LIMIT_EXCEEDED",
        exit=2,
        says=("2500 tables", "osem-dev-AssessmentPlans"),
        account=AT_PLANS,
    ),
    Case(
        name="the quota on tables is reached at once",
        plane=Plane(quota=0),
        error="TABLE_LIMIT_EXCEEDED",
        says=("2500 tables", "osem-dev-Teams"),
        account=account(Verified=("Users",), Failed=("Teams",), NotAttempted=SIX[2:]),
    ),
    Case(
        name="CreateTable denied",
        faults=(refused("CreateTable", *DENIED, table="Plans"),),
        error="AWS_PERMISSIONS_DENIED",
        exit=2,
        says=("dynamodb:", "osem-dev-AssessmentPlans"),
        remedy="permission",
        account=AT_PLANS,
    ),
    Case(
        name="DescribeTable denied",
        faults=(refused("DescribeTable", *DENIED),),
        error="AWS_PERMISSIONS_DENIED",
        account=NO_CHANGE,
    ),
    Case(
        name="ListTagsOfResource denied",
        faults=(refused("ListTagsOfResource", *DENIED),),
        error="AWS_PERMISSIONS_DENIED",
        account=NO_CHANGE,
    ),
    Case(
        name="UpdateContinuousBackups denied",
        argv=PROD,
        faults=(refused("UpdateContinuousBackups", *DENIED),),
        error="AWS_PERMISSIONS_DENIED",
        exit=2,
        says=("osem-prod-Teams",),
        account=ALL_WELL,
    ),
    Case(
        name="STS denied",
        faults=(refused("GetCallerIdentity", "AccessDenied", "explicit deny", status=403),),
        error="AWS_PERMISSIONS_DENIED",
        says=("explicit deny",),
    ),
    Case(
        name="STS throttled",
        faults=(refused("GetCallerIdentity", "Throttling", status=400),),
        error="THROTTLED",
    ),
    Case(
        name="DynamoDB says what nobody knows",
        faults=(refused("CreateTable", "BrandNewException", table="Teams"),),
        error="UNKNOWN_ERROR",
        says=("BrandNewException", "osem-dev-Teams"),
        remedy="--verbose",
    ),
    Case(
        name="the deadline passes while tables are CREATING",
        argv=IMPATIENT,
        plane=Plane(creating=math.inf),
        error="TIMEOUT",
        exit=2,
        says=("osem-dev-Teams", "osem-dev-ConfigVersions"),
        remedy="--timeout",
        account=ALL_WELL,
    ),
    Case(
        name="the deadline passes on a table found UPDATING",
        argv=IMPATIENT,
        plane=Plane(updating=math.inf),
        marked="UPDATING",
        error="TIMEOUT",
        says=("osem-dev-Users",),
        remedy="--timeout",
        account=NO_CHANGE,
    ),
    Case(
        name="a table accepted and never seen",
        plane=Plane(creating=0.05, unseen=10**6),
        error="TABLE_NOT_FOUND",
        exit=2,
        says=("osem-dev-Teams",),
        account=ALL_WELL,
    ),
]
