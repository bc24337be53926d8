"""A network that loses, cuts and hangs."""

from __future__ import annotations

from tests.faults.cases.case import ALL_WELL, NO_CHANGE, OK, PROD, Case
from tests.faults.cases.control_plane import AT_PLANS
from tests.support.faulty_aws import Fault, Plane

ONCE = {"times": 1, "table": "Plans"}
NETWORK_CASES = [
    *(
        Case(
            name=f"CreateTable once: {kind}",
            faults=(Fault("CreateTable", kind, **ONCE),),  # type: ignore[arg-type]
            error=OK,
            exit=0,
            account=ALL_WELL,
        )
        for kind in ("reset", "lose", "cut", "empty", "short", "hang", "hang after")
    ),
    Case(
        name="CreateTable reset for ever",
        faults=(Fault("CreateTable", "reset", table="Plans"),),
        error="NETWORK_ERROR",
        exit=2,
        says=("osem-dev-AssessmentPlans",),
        account=AT_PLANS,
    ),
    Case(
        name="CreateTable hangs for ever",
        faults=(Fault("CreateTable", "hang", table="Plans"),),
        error="TIMEOUT",
        exit=2,
        says=("osem-dev-AssessmentPlans",),
        account=AT_PLANS,
    ),
    Case(
        name="DescribeTable reset for ever",
        faults=(Fault("DescribeTable", "reset"),),
        error="NETWORK_ERROR",
        account=NO_CHANGE,
    ),
    Case(
        name="DescribeTable hangs for ever",
        faults=(Fault("DescribeTable", "hang"),),
        error="TIMEOUT",
        account=NO_CHANGE,
    ),
    *(
        Case(
            name=f"{operation} cut short for ever: {kind}",
            argv=PROD,
            faults=(Fault(operation, kind),),
            error="NETWORK_ERROR",
            account=NO_CHANGE,
        )
        for operation in ("DescribeTable", "ListTagsOfResource", "DescribeContinuousBackups")
        for kind in ("cut", "empty")
    ),
    Case(
        name="DescribeTable shorter than announced",
        faults=(Fault("DescribeTable", "short"),),
        error="NETWORK_ERROR",
        account=NO_CHANGE,
    ),
    Case(name="STS hangs", faults=(Fault("GetCallerIdentity", "hang"),), error="TIMEOUT"),
    Case(name="STS reset", faults=(Fault("GetCallerIdentity", "reset"),), error="NETWORK_ERROR"),
    Case(name="STS cut short", faults=(Fault("GetCallerIdentity", "cut"),), error="NETWORK_ERROR"),
    Case(
        name="DescribeTable reset once",
        faults=(Fault("DescribeTable", "reset", times=1),),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="UpdateContinuousBackups loses its answer",
        argv=PROD,
        faults=(Fault("UpdateContinuousBackups", "lose", times=1),),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="backups of a new table come late",
        argv=PROD,
        plane=Plane(backups=2),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="a gateway's error page",
        faults=(Fault("GetCallerIdentity", code="502", status=502),),
        error="NETWORK_ERROR",
    ),
]
