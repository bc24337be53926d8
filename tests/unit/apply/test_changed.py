"""Exit code 1 says that nothing was changed: a run knows what it may have changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from osem_tasks.apply.repair import repair
from osem_tasks.apply.setup import setup
from osem_tasks.aws.errors import may_be_done, translated
from osem_tasks.errors import OsemError
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema.compare import compare_all
from osem_tasks.schema.model import TableSet, table
from tests.support.fake_dynamodb import TARGET
from tests.support.scripted_dynamodb import Fault, ScriptedDynamoDB, Way, refused
from tests.unit.apply.runs import new_run

PLAIN = table("Users", "id S")
INDEXED = table("Users", "id S", {"a-index": "a S"})
URL = "https://dynamodb.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    "faults, delay, changed",
    [
        pytest.param((refused("UpdateTable", "AccessDeniedException"),), 0, False, id="refused"),
        pytest.param((), 10**6, True, id="never-active"),
        pytest.param(
            (
                Fault("UpdateTable", Way.DROPPED, times=None),
                Fault("DescribeTable", Way.STALE, times=None),
            ),
            0,
            True,
            id="answers-lost",
        ),
    ],
)
def test_a_change_that_was_sent_counts(
    faults: tuple[Fault, ...], delay: int, changed: bool
) -> None:
    """Once UpdateTable was sent, only a refusal proves that nothing was changed."""
    fake = ScriptedDynamoDB(delay=delay)
    fake.hold(PLAIN)
    run, _ = new_run(fake, TableSet((INDEXED,)), seconds=20)
    actions = repair_actions(compare_all(run.tables, run.store.read_all(run.tables)))
    fake.faults = list(faults)

    with pytest.raises(OsemError):
        repair(run, actions)

    assert run.journal.changed == changed


@pytest.mark.parametrize(
    "faults, changed",
    [
        pytest.param((refused("CreateTable", "AccessDeniedException"),), False, id="refused"),
        pytest.param(
            (
                Fault("CreateTable", Way.DROPPED, times=None),
                Fault("DescribeTable", Way.UNSEEN, times=None),
            ),
            True,
            id="answers-lost-and-nothing-seen",
        ),
    ],
)
def test_a_creation_that_was_sent_counts(faults: tuple[Fault, ...], changed: bool) -> None:
    """A table that cannot be seen yet may have been created by a request without an answer."""
    fake = ScriptedDynamoDB(*faults)
    run, _ = new_run(fake, TableSet((PLAIN, replace(PLAIN, name="Teams"))))

    with pytest.raises(OsemError):
        setup(run)

    assert run.journal.changed == changed


@pytest.mark.parametrize(
    "failure, expected",
    [
        (EndpointConnectionError(endpoint_url=URL), False),
        (ConnectTimeoutError(endpoint_url=URL), False),
        (ReadTimeoutError(endpoint_url=URL), True),
        (ConnectionClosedError(endpoint_url=URL), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_never_sent_was_not_done(failure: Exception, expected: bool) -> None:
    """Without a connection nothing happened; after it anything may have."""
    with pytest.raises(OsemError) as caught, translated("creating", TARGET, "Users"):
        raise failure

    assert may_be_done(caught.value) == expected
