"""What is told of the calls to AWS: one line each, no secret in it."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from osem_tasks.aws.session import Connection, connect
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.local_access import SECRET_KEY
from osem_tasks.config.resolve import TargetOptions, resolve
from tests.support.canned_aws import Answer, CannedAws, Refusal, answers

if TYPE_CHECKING:
    from collections.abc import Callable

# Many cases, or servers of their own.
pytestmark = pytest.mark.slow

GONE = EndpointConnectionError(endpoint_url="http://127.0.0.1:8000")


def told_by(answer: Answer, call: Callable[[Connection], object]) -> list[str]:
    """The lines of one call, the time in each replaced by N."""
    lines: list[str] = []
    connection = connect(resolve(BUILT_IN["local"], TargetOptions(), {}), lines.append)
    CannedAws(lambda *_: answer).listen(connection.session)
    with contextlib.suppress(ClientError, EndpointConnectionError):
        call(connection)
    return [re.sub(r"\d+ ms", "N ms", line) for line in lines]


@pytest.mark.parametrize(
    "answer, call, expected",
    [
        pytest.param(
            {"Table": {}},
            lambda connection: connection.dynamodb_once.describe_table(TableName="Users"),
            "DescribeTable Users: 200, N ms",
            id="of-a-table",
        ),
        pytest.param(
            {"TableNames": []},
            lambda connection: connection.dynamodb_once.list_tables(),
            "ListTables: 200, N ms",
            id="of-no-table",
        ),
        pytest.param(
            {},
            lambda connection: connection.dynamodb_once.tag_resource(
                ResourceArn="arn:aws:dynamodb:us-east-1:1:table/Users",
                Tags=[{"Key": "a", "Value": "b"}],
            ),
            "TagResource Users: 200, N ms",
            id="by-arn",
        ),
        pytest.param(
            Refusal("ResourceNotFoundException"),
            lambda connection: connection.dynamodb_once.describe_table(TableName="Users"),
            "DescribeTable Users: ResourceNotFoundException, N ms",
            id="refused",
        ),
        pytest.param(
            GONE,
            lambda connection: connection.dynamodb_once.describe_table(TableName="Users"),
            "DescribeTable Users: EndpointConnectionError, N ms",
            id="failed-on-the-way",
        ),
    ],
)
def test_a_line_for_each_call(
    answer: Answer, call: Callable[[Connection], object], expected: str
) -> None:
    """Operation, table, outcome and time."""
    assert told_by(answer, call) == [expected]


def test_no_secret_is_told() -> None:
    """Neither keys nor what is written stand in a line."""
    lines: list[str] = []
    connection = connect(resolve(BUILT_IN["local"], TargetOptions(), {}), lines.append)
    CannedAws(answers(PutItem={})).listen(connection.session)

    connection.dynamodb.put_item(TableName="Users", Item={"id": {"S": "private"}})

    (line,) = lines
    assert line.startswith("PutItem Users: 200, ")
    assert not any(secret in line for secret in (SECRET_KEY, "private", "Signature"))
