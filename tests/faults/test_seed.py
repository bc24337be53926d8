"""A seed on an AWS that throttles, loses answers, refuses, or kills it."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.aws.items import Write
from osem_tasks.data.seed_writer import Account, SeedWriter
from osem_tasks.schema.model import table
from osem_tasks.waiting.policy import using
from tests.faults.cases.case import SIX
from tests.faults.conftest import tables_of, variables
from tests.faults.processes import inv_as_process
from tests.support.faulty_aws import Fault
from tests.support.inv import OSEM_TABLES, Inv
from tests.support.patience import SHORT
from tests.support.runs import run_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkServerContext

    from tests.faults.conftest import Cloud

# moto needs longer for a transaction than for any call of the other tests.
PATIENCE = replace(SHORT, read=4.0, items_read=6.0)
TOTAL = 88
# The item of Users that the account holds from the beginning is none of the seed's.
HELD = 1
TRANSACT = "TransactWriteItems"
THROTTLED = "ProvisionedThroughputExceededException"


@pytest.fixture
def inv(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Inv]:
    """`inv` in a shell that is set up for ``cloud``."""
    for key, value in variables(cloud.server.url).items():
        monkeypatch.setenv(key, value)
    with using(PATIENCE):
        yield Inv(capsys, monkeypatch)


def count(cloud: Cloud) -> int:
    """How many items there really are."""
    return sum(
        cloud.client().scan(TableName=one.name, Select="COUNT")["Count"] for one in tables_of("dev")
    )


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(TRANSACT, code=THROTTLED, times=5), id="throttled"),
        pytest.param(Fault("BatchGetItem", code=THROTTLED, times=5), id="throttled reads"),
        pytest.param(Fault(TRANSACT, code="TransactionInProgressException", times=4), id="busy"),
        pytest.param(Fault(TRANSACT, "lose", times=1), id="lost once"),
        pytest.param(Fault(TRANSACT, "hang after", times=1), id="never answered"),
        pytest.param(Fault("BatchGetItem", "reset", times=2), id="dropped reads"),
        pytest.param(Fault("BatchGetItem", "cut", times=1), id="half an answer"),
        pytest.param(Fault(TRANSACT, code="InternalServerError", status=500, times=2), id="500"),
        pytest.param(
            Fault("BatchGetItem", "say", message='{"UnprocessedKeys": {}}', status=200, times=1),
            id="an answer without items",
        ),
    ],
)
def test_what_passes_is_waited_for(cloud: Cloud, inv: Inv, fault: Fault) -> None:
    """Every item is there in the end, once, and the command succeeds."""
    cloud.hold("dev", *SIX)
    cloud.server.arm(fault)

    done = inv("db.seed", "--env", "dev", "--json")

    assert (done.code, done.error) == (0, None), done.err
    data = done.document["data"]
    assert data["itemsWritten"] + data["itemsExisting"] == TOTAL
    assert count(cloud) == TOTAL + HELD


@pytest.mark.parametrize(
    "fault, code, error",
    [
        (Fault("BatchGetItem", code="AccessDeniedException"), 1, "AWS_PERMISSIONS_DENIED"),
        (Fault(TRANSACT, code="AccessDeniedException"), 1, "AWS_PERMISSIONS_DENIED"),
        (Fault(TRANSACT, code="AccessDeniedException", after=1), 2, "AWS_PERMISSIONS_DENIED"),
        (Fault(TRANSACT, code="ValidationException"), 1, "INVALID_CONFIGURATION"),
        (Fault(TRANSACT, code="ResourceNotFoundException"), 1, "TABLE_NOT_FOUND"),
        (Fault("BatchGetItem", "reset"), 1, "NETWORK_ERROR"),
        (Fault("BatchGetItem", "cut"), 1, "NETWORK_ERROR"),
        (Fault("BatchGetItem", "empty"), 1, "NETWORK_ERROR"),
    ],
)
def test_what_does_not_pass_is_told(
    cloud: Cloud, inv: Inv, fault: Fault, code: int, error: str
) -> None:
    """One code each; after items were written, the account of them and exit code 2."""
    cloud.hold("dev", *SIX)
    cloud.server.arm(fault)

    done = inv("db.seed", "--env", "dev", "--scale", "2", "--json")

    assert (done.code, done.error) == (code, error), done.out
    if code == 2:
        assert 0 < done.document["data"]["itemsWritten"] == count(cloud) - HELD


@pytest.mark.parametrize("operation", [TRANSACT, "BatchGetItem"])
def test_a_killed_seed_is_completed_by_the_next(
    forks: ForkServerContext, cloud: Cloud, inv: Inv, operation: str
) -> None:
    """Killed after each call in turn: the next run leaves every item there, once."""
    for call in range(2):
        cloud.clear()
        cloud.hold("dev", *SIX)
        cloud.server.arm(Fault(operation, "kill", after=call, times=1))
        argv = ["inv", "db.seed", "--env", "dev", "--scale", "2"]
        process = forks.Process(
            target=inv_as_process,
            args=(dict(os.environ), argv, PATIENCE, {"tables": OSEM_TABLES}),
        )
        process.start()
        cloud.server.victim.set_result(process.pid or 0)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        cloud.server.arm()

        done = inv("db.seed", "--env", "dev", "--scale", "2", "--json")

        assert done.code == 0
        assert count(cloud) == done.document["data"]["totalItems"] + HELD


@pytest.mark.parametrize(
    "words, shell",
    [
        (["--env", "prod", "--force"], {}),
        (["--env", "prod", "--force", "--dry-run"], {}),
        (["--env", "dev", "--replace"], {}),
        (["--env", "dev"], {"OSEM_DB_PREFIX": "osem-prod-"}),
    ],
)
def test_a_refusal_sends_nothing(
    cloud: Cloud,
    inv: Inv,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    shell: dict[str, str],
) -> None:
    """Protected environments, and --replace on AWS: refused before any call of DynamoDB."""
    for key, value in shell.items():
        monkeypatch.setenv(key, value)
    cloud.hold("prod", *SIX)

    done = inv("db.seed", *words, "--json")

    assert (done.code, done.error) == (1, "PROTECTED_ENVIRONMENT")
    assert [call.operation for call in cloud.server.calls if call.operation != "ListTables"] == []


def test_unprocessed_items_are_sent_again(cloud: Cloud) -> None:
    """BatchWriteItem may leave items out, and says which: those alone are sent again.

    Half an answer does not say which: all of them are.
    """
    name = "osem-dev-Users"
    cloud.hold("dev", "Users")
    items: list[dict[str, Any]] = [{"userId": {"S": str(number)}} for number in range(3)]
    left = {name: [{"PutRequest": {"Item": items[2]}}]}
    message = json.dumps({"UnprocessedItems": left})
    cloud.server.role = "moto"  # which takes any key
    cloud.server.arm(Fault("BatchWriteItem", "say", message=message, status=200, times=1))
    users = table(name, "userId S")
    at_server = SeedWriter(run_at(cloud.server.url, users, seconds=20))
    writes = [Write(name, ("userId",), item) for item in items]

    at_server.put(writes, Account.of(writes))

    sent = [call.request["RequestItems"] for call in cloud.server.of("BatchWriteItem")]
    assert sent[1:] == [left]
    missing = SeedWriter(run_at(cloud.engine, users, seconds=20)).missing
    assert missing(writes, Account.of(writes)) == writes[:2]  # what the server only claimed
    cloud.server.arm(Fault("BatchWriteItem", "cut", times=1))
    at_server.put(writes, Account.of(writes))
    whole = [call.request["RequestItems"] for call in cloud.server.of("BatchWriteItem")]
    assert [len(request[name]) for request in whole] == [3, 3]
