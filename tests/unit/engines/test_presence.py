"""What answers at a record's endpoint while its engine is gone."""

from __future__ import annotations

import pytest

from osem_tasks.engines import presence
from osem_tasks.engines.base import EngineRecord
from osem_tasks.errors import ErrorCode, OsemError
from tests.support.fake_engines import fake_dynamodb


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize(
    "status, what, useful",
    [(200, "DynamoDB Local", True), (501, "another server", False)],
)
def test_only_a_dynamodb_may_be_used_instead(status: int, what: str, useful: bool) -> None:
    """The message names what answers; the remedy offers it unless it is something else."""
    with fake_dynamodb(status=status) as endpoint:
        gone = EngineRecord(
            engine="fleeting",
            name="mine",
            endpoint=endpoint,
            started_at="yesterday",
            used_at=0.0,
            pid=1,
            process_started=1.0,
        )
        with pytest.raises(OsemError, match=f"{what} answers there instead") as caught:
            presence.refuse_stranger(gone)

    assert caught.value.code is ErrorCode.ENGINE_NOT_RUNNING
    assert caught.value.remediation.startswith("inv local.up --name mine")
    assert (f"--endpoint {endpoint}" in caught.value.remediation) is useful
