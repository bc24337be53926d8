"""Setup on a slow control plane: what is sent, in which order, and what is waited for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from osem_tasks.aws import session as policy
from osem_tasks.schema.requests import create_request
from tests.faults.cases.case import ALL_WELL, PROD, REST, SIX, account
from tests.faults.conftest import ITEM, Cloud, tables_of
from tests.support.faulty_aws import Fault, Plane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.faulty_aws import Call
    from tests.support.inv import Inv, Run

SETUP = ("db.setup", "--env", "dev", "--json")
PROD_SETUP = (*PROD, "--json")
SLOW = Plane(creating=1.0)
LIMIT = "Subscriber limit exceeded: "


def _short(calls: Iterable[Call]) -> list[str]:
    return [each.table.rpartition("-")[2] for each in calls]


def _plain(lists: object) -> object:
    return json.loads(json.dumps(lists))


def _well(run: Run, told: object = None) -> None:
    """The run succeeded with this account; by default Users was there, the rest was created."""
    assert (run.code, run.error, _plain(told or ALL_WELL)) == (0, None, run.account)


def _verified(inv: Inv, env: str = "dev") -> tuple[int, str | None]:
    run = inv("db.verify", "--env", env, "--force", "--json")
    return run.code, run.error


def test_the_waiting_for_all_tables_overlaps(cloud: Cloud, inv: Inv) -> None:
    """Every CreateTable comes before any table is seen ACTIVE, and all are seen ACTIVE."""
    cloud.server.arm(plane=SLOW)

    run = inv(*SETUP)

    calls = cloud.server.of("CreateTable", "DescribeTable")
    first = next(index for index, each in enumerate(calls) if each.state == "ACTIVE")
    asked = [index for index, each in enumerate(calls) if each.operation == "CreateTable"]
    _well(run, account(Created=SIX))
    assert (len(asked), max(asked) < first) == (6, True)
    assert sorted(SIX) == sorted({*_short(each for each in calls if each.state == "ACTIVE")})


def test_tables_are_asked_for_in_the_models_order(cloud: Cloud, inv: Inv) -> None:
    """CreateTable goes out once a table, in the order of the model."""
    cloud.server.arm(plane=SLOW)

    inv(*SETUP)

    assert list(SIX) == _short(cloud.server.of("CreateTable"))


def test_after_a_failure_nothing_is_sent_and_what_was_accepted_is_awaited(
    cloud: Cloud, inv: Inv
) -> None:
    """The account is exact: two created and ACTIVE, one failed, three not attempted."""
    fault = Fault("CreateTable", code="AccessDeniedException", table="Plans")
    cloud.server.arm(fault, plane=SLOW)

    run = inv(*SETUP)

    assert (run.code, run.error) == (2, "AWS_PERMISSIONS_DENIED")
    assert list(SIX[:3]) == _short(cloud.server.of("CreateTable"))
    assert run.account == _plain(account(Created=SIX[:2], Failed=SIX[2:3], NotAttempted=SIX[3:]))
    states = [each["status"] for each in run.document["data"]["tablesCreated"]]
    assert (states, cloud.names) == (["ACTIVE", "ACTIVE"], ["Teams", "Users"])


def test_indexes_that_lag_behind_are_awaited(cloud: Cloud, inv: Inv) -> None:
    """A table that is ACTIVE with an index still CREATING is not ready."""
    cloud.server.arm(plane=Plane(creating=0.2, indexes=0.4))

    run = inv(*SETUP)

    # No fault is lifted: were a table taken too early, the check at the end would find it.
    _well(run, account(Created=SIX))
    assert _verified(inv) == (0, None)


@pytest.mark.parametrize("state", ["CREATING", "UPDATING"])
def test_a_table_that_somebody_changes_is_awaited(cloud: Cloud, inv: Inv, state: str) -> None:
    """A table found CREATING or UPDATING counts as verified once it is ACTIVE."""
    cloud.hold("dev", "Users")
    cloud.server.mark("osem-dev-Users", state, looks=3)

    run = inv(*SETUP)

    seen = [each.state for each in cloud.server.of("DescribeTable") if "Users" in each.table]
    _well(run)
    assert (seen, cloud.item("dev")) == ([state] * 3 + ["ACTIVE"] * (len(seen) - 3), ITEM)
    assert len(seen) > 3


def test_a_table_that_somebody_deletes_is_awaited_and_created(cloud: Cloud, inv: Inv) -> None:
    """A table found DELETING is gone before its CreateTable is sent."""
    cloud.hold("dev", "Users")
    _delete(cloud, "osem-dev-Users")
    cloud.server.mark("osem-dev-Users", "DELETING", looks=3)

    run = inv(*SETUP)

    seen = [
        each.state or each.outcome
        for each in cloud.server.of("DescribeTable", "CreateTable")
        if "Users" in each.table
    ]
    _well(run, account(Created=SIX))
    before = seen[: seen.index("ResourceNotFoundException")]
    assert before == ["DELETING"] * 3
    assert "ResourceInUseException" not in seen


def _delete(cloud: Cloud, name: str) -> None:
    """Somebody else's DeleteTable, by way of the faulty server."""
    import boto3

    boto3.client("dynamodb", region_name="us-east-1").delete_table(TableName=name)
    assert len(cloud.server.of("DeleteTable")) == 1


def test_a_limit_on_simultaneous_creates_is_backed_off_from(cloud: Cloud, inv: Inv) -> None:
    """Refused for the moment, a table is asked for again until it is accepted, in order."""
    cloud.server.arm(plane=Plane(creating=0.2, simultaneous=2))

    run = inv(*SETUP)

    calls = cloud.server.of("CreateTable")
    refused = [each for each in calls if each.outcome == "LimitExceededException"]
    accepted = [each for each in calls if each.outcome == "200"]
    _well(run, account(Created=SIX))
    assert (bool(refused), _short(accepted)) == (True, list(SIX))


@pytest.mark.parametrize(
    "code, message, error",
    [
        (
            "LimitExceededException",
            f"{LIMIT}There is a limit of 2500 tables per subscriber",
            "TABLE_LIMIT_EXCEEDED",
        ),
        ("AccessDeniedException", "User is not authorized", "AWS_PERMISSIONS_DENIED"),
        ("ExpiredTokenException", "The security token is expired", "AWS_CREDENTIALS_INVALID"),
        ("ValidationException", "One or more values were invalid", "INVALID_CONFIGURATION"),
    ],
)
def test_what_no_patience_mends_is_not_tried_again(
    cloud: Cloud, inv: Inv, code: str, message: str, error: str
) -> None:
    """A quota, a missing permission or a wrong request is sent exactly once."""
    cloud.server.arm(Fault("CreateTable", code=code, message=message, table="Teams"))

    run = inv(*SETUP)

    assert (run.code, run.error) == (2, error)
    assert _short(cloud.server.of("CreateTable")) == ["Users", "Teams"]


@pytest.mark.parametrize("kind", ["lose", "hang after", "cut", "empty", "short"])
def test_a_lost_answer_is_resolved_by_reading(cloud: Cloud, inv: Inv, kind: str) -> None:
    """A table whose CreateTable went through is told as created, and asked for once."""
    fault = Fault("CreateTable", kind, times=1, table="Plans")  # type: ignore[arg-type]
    cloud.server.arm(fault, plane=Plane(creating=0.2))

    run = inv(*SETUP)

    _well(run, account(Created=SIX))
    assert list(SIX) == _short(cloud.server.of("CreateTable"))
    assert sorted(SIX) == cloud.names


@pytest.mark.parametrize("kind", ["lose", "reset"])
def test_a_lost_answer_about_a_table_not_seen_yet(cloud: Cloud, inv: Inv, kind: str) -> None:
    """Where reading cannot tell yet, the request goes out again; one table, told as created."""
    fault = Fault("CreateTable", kind, times=1, table="Plans")  # type: ignore[arg-type]
    cloud.server.arm(fault, plane=Plane(creating=0.2, unseen=2))

    run = inv(*SETUP)

    _well(run, account(Created=SIX))
    assert sorted(SIX) == cloud.names


def test_a_table_that_is_not_seen_yet_is_awaited(cloud: Cloud, inv: Inv) -> None:
    """DescribeTable may not see a new table for some calls."""
    cloud.server.arm(plane=Plane(creating=0.1, unseen=3))

    _well(inv(*SETUP), account(Created=SIX))

    assert list(SIX) == _short(cloud.server.of("CreateTable"))


def test_tags_that_are_not_seen_yet_are_awaited(cloud: Cloud, inv: Inv) -> None:
    """Tags are eventually consistent: they may be missing for a table that is there."""
    cloud.server.arm(plane=Plane(creating=0.1, tags_unseen=2))

    _well(inv(*SETUP), account(Created=SIX))


def test_prod_is_protected_and_backed_up(cloud: Cloud, inv: Inv) -> None:
    """Deletion protection and tags in CreateTable, backups after ACTIVE, and it verifies."""
    cloud.server.arm(plane=Plane(creating=0.3))

    run = inv(*PROD_SETUP)

    requests = [each.request for each in cloud.server.of("CreateTable")]
    expected = [create_request(each) for each in tables_of("prod")]
    _well(run, account(Created=SIX))
    assert _plain(expected) == requests
    assert [each["DeletionProtectionEnabled"] for each in requests] == [True] * 6
    assert _tags(requests[0]) == {"Application": "osem-ladders", "Environment": "prod"}
    assert [each.outcome for each in cloud.server.of("UpdateContinuousBackups")] == ["200"] * 6
    assert _verified(inv, "prod") == (0, None)


def _tags(request: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in request["Tags"]}


def test_backups_are_asked_for_only_of_tables_seen_active(cloud: Cloud, inv: Inv) -> None:
    """No UpdateContinuousBackups goes out before its table has been seen ACTIVE."""
    cloud.server.arm(plane=Plane(creating=0.3))

    inv(*PROD_SETUP)

    active: set[str] = set()
    early = []
    for each in cloud.server.of("DescribeTable", "UpdateContinuousBackups"):
        if each.operation == "UpdateContinuousBackups" and each.table not in active:
            early.append(each.table)
        if each.state == "ACTIVE":
            active.add(each.table)
    assert (early, len(active)) == ([], 6)


def test_backups_that_are_not_available_yet_are_asked_for_again(cloud: Cloud, inv: Inv) -> None:
    """ContinuousBackupsUnavailableException passes: every table has them in the end."""
    cloud.server.arm(plane=Plane(creating=0.1, backups=2))

    run = inv(*PROD_SETUP)

    outcomes = [each.outcome for each in cloud.server.of("UpdateContinuousBackups")]
    _well(run, account(Created=SIX))
    assert outcomes.count("ContinuousBackupsUnavailableException") == 12
    assert outcomes.count("200") == 6


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("CreateTable", code="AccessDeniedException", table="Plans"),
        Fault("CreateTable", "lose", times=1),
        Fault("UpdateContinuousBackups", code="AccessDeniedException"),
    ],
    ids=["well", "denied", "lost", "half"],
)
def test_nothing_is_ever_deleted(cloud: Cloud, inv: Inv, fault: Fault | None) -> None:
    """Neither setup nor verify sends DeleteTable or a call that changes what exists."""
    cloud.hold("prod", "Users")
    cloud.server.arm(*([fault] if fault else []), plane=Plane(creating=0.1))

    inv(*PROD_SETUP)
    _verified(inv, "prod")

    reading = {"GetCallerIdentity", "ListTables", "DescribeTable", "ListTagsOfResource"}
    reading |= {"DescribeContinuousBackups", "DescribeTimeToLive"}
    sent = {each.operation for each in cloud.server.calls}
    assert sent - reading <= {"CreateTable", "UpdateContinuousBackups"}
    changed = cloud.server.of("CreateTable", "UpdateContinuousBackups")
    assert "osem-prod-Users" not in {each.table for each in changed}


def test_a_setup_of_a_complete_account_only_reads(cloud: Cloud, inv: Inv) -> None:
    """Run again, setup sends nothing that could change a thing."""
    cloud.hold("prod", *SIX)

    run = inv(*PROD_SETUP)

    _well(run, account(Verified=SIX))
    sent = {each.operation for each in cloud.server.calls}
    assert sent & {"CreateTable", "UpdateTable", "UpdateContinuousBackups", "TagResource"} == set()


def test_a_hung_endpoint_is_given_up(cloud: Cloud, inv: Inv) -> None:
    """No call is tried more often than the policy says, and the first table's failure ends it."""
    cloud.server.arm(Fault("DescribeTable", "hang"))

    run = inv(*SETUP)

    assert (run.code, run.error) == (1, "TIMEOUT")
    names = [each.table for each in cloud.server.of("DescribeTable")]
    assert max(map(names.count, names)) == policy.ATTEMPTS
    assert cloud.server.of("CreateTable") == []


def test_a_hung_create_is_tried_a_few_times(cloud: Cloud, inv: Inv) -> None:
    """A CreateTable that is never answered is sent a bounded number of times."""
    cloud.server.arm(Fault("CreateTable", "hang", table="Teams"))

    run = inv(*SETUP)

    assert (run.code, run.error) == (2, "TIMEOUT")
    assert _short(cloud.server.of("CreateTable")) == ["Users", "Teams", "Teams", "Teams"]
    assert run.account == _plain(account(Created=SIX[:1], Failed=SIX[1:2], NotAttempted=SIX[2:]))


def test_throttled_readings_while_waiting_do_not_end_it(cloud: Cloud, inv: Inv) -> None:
    """What was accepted is waited for although a reading is throttled for good measure."""
    cloud.server.arm(
        Fault("DescribeTable", code="ThrottlingException", after=6, times=20, table="Teams"),
        plane=Plane(creating=0.1),
    )

    _well(inv(*SETUP), account(Created=SIX))


def test_throttled_readings_at_the_end_do_not_end_it(cloud: Cloud, inv: Inv) -> None:
    """The check after creating is as patient with throttling as the creating was."""
    # Tables that are ACTIVE at once are not waited for: what follows the first look is the check.
    fault = Fault("DescribeTable", code="ThrottlingException", after=6, times=19)
    cloud.server.arm(fault)

    _well(inv(*SETUP), account(Created=SIX))


def test_the_rest_is_created_beside_what_exists(cloud: Cloud, inv: Inv) -> None:
    """Only what is missing is asked for; what exists is read and kept."""
    cloud.hold("dev", "Users")
    cloud.server.arm(plane=Plane(creating=0.1))

    _well(inv(*SETUP))

    assert list(REST) == _short(cloud.server.of("CreateTable"))
    assert cloud.item("dev") == ITEM
