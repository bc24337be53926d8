"""How long a seed may take: as long as it makes progress."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.apply.run import Journal, Run
from osem_tasks.data.seed_writer import WRITERS, Account, SeedWriter, writes_of
from osem_tasks.schema import emulators
from osem_tasks.schema.model import TableSet
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.progress import Silent
from tests.support.canned_aws import CannedAws, Refusal
from tests.support.fake_items import TABLE
from tests.support.still_clock import still_clock
from tests.unit.aws.described import opened

if TYPE_CHECKING:
    from tests.support.canned_aws import Answer

LIMIT = 30.0
# As many calls as are under way at a time end within the limit, all of them do not.
CALL = LIMIT / (2 * WRITERS)
MANY = 3000
PATIENCE = 30.0
RACE = Refusal("TransactionCanceledException")
ANSWERS: dict[str, Any] = {
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "TransactWriteItems": {},
    "BatchWriteItem": {"UnprocessedItems": {}},
    "PutItem": {},
}


def late_calls(*, replacing: bool = False, transaction: Answer | None = None) -> list[str]:
    """Put many items in, by slow calls; return the calls that began after the deadline."""
    late: list[str] = []
    with still_clock() as own:
        deadline = Deadline(LIMIT)

        def answer(operation: str, _: Any) -> Answer:
            if deadline.passed:
                late.append(operation)
            own.pass_(CALL)
            if transaction and operation == "TransactWriteItems":
                return transaction
            return ANSWERS[operation]  # type: ignore[no-any-return]

        store = opened(CannedAws(answer), "local")
        tables = TableSet((TABLE,))
        run = Run(store.connection.target, tables, store, deadline, Silent(), Journal(()))
        items = [{"id": {"S": str(number)}} for number in range(MANY)]
        writes = writes_of({TABLE.name: items}, {TABLE.name: TABLE})
        account = Account.of(writes)
        own.pass_(2 * LIMIT)  # as long as a slow function makes its items
        writer = SeedWriter(run)
        (writer.put if replacing else writer.put_new)(writes, account)
    assert account.written == MANY
    return late


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({}, id="in transactions"),
        pytest.param({"transaction": RACE}, id="one by one"),
        pytest.param({"replacing": True}, id="--replace"),
    ],
)
def test_a_seed_that_makes_progress_does_not_meet_its_deadline(how: dict[str, Any]) -> None:
    """Its calls take many times the limit together."""
    assert late_calls(**how) == []


@pytest.mark.parametrize("engine", [emulators.MOTO, emulators.DYNAMODB_LOCAL, emulators.AWS])
def test_transactions_are_parallel_only_where_that_is_safe(engine: emulators.Engine) -> None:
    """moto fails where two of them meet, so there one thread sends them all."""
    threads: set[int] = set()
    first = threading.Barrier(WRITERS if engine.parallel_transactions else 1)

    def answer(operation: str, _: Any) -> Answer:
        if operation == "TransactWriteItems" and threading.get_ident() not in threads:
            threads.add(threading.get_ident())
            first.wait(PATIENCE)
        return ANSWERS[operation]  # type: ignore[no-any-return]

    store = opened(CannedAws(answer), "local")
    store.engine = engine
    run = Run(
        store.connection.target,
        TableSet((TABLE,)),
        store,
        Deadline(LIMIT),
        Silent(),
        Journal(()),
    )
    items = [{"id": {"S": str(number)}} for number in range(MANY)]
    writes = writes_of({TABLE.name: items}, {TABLE.name: TABLE})

    SeedWriter(run).put_new(writes, Account.of(writes))

    assert len(threads) == first.parties
