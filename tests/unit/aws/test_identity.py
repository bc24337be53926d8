"""Who the credentials belong to, asked before anything else."""

from __future__ import annotations

import pytest

from osem_tasks.aws.identity import Identity, identify
from osem_tasks.aws.session import Connection, connect
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.local_access import ACCESS_KEY
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ErrorCode, OsemError
from tests.support.canned_aws import Answer, CannedAws, Raw, answers

ARN = "arn:aws:iam::123456789012:user/ada"
WHOLE = f"<Arn>{ARN}</Arn><UserId>A</UserId><Account>123456789012</Account>"


def caller(content: str) -> Raw:
    """What GetCallerIdentity answers: STS speaks XML."""
    body = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult>{content}</GetCallerIdentityResult>"
        "</GetCallerIdentityResponse>"
    )
    return Raw(body.encode(), headers={"content-type": "text/xml"})


def refused(code: str) -> Raw:
    """What STS answers instead."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return Raw(body.encode(), 403, {"content-type": "text/xml"})


def connection_with(answer: Answer) -> tuple[Connection, CannedAws]:
    """A connection to AWS where STS answers like that."""
    connection = connect(resolve(BUILT_IN["dev"], TargetOptions(), {}), lambda _: None)
    canned = CannedAws(answers(GetCallerIdentity=answer))
    canned.listen(connection.session)
    return connection, canned


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys as a shell holds them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOWNKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own-secret")


def test_account_and_caller() -> None:
    """One call tells both."""
    connection, canned = connection_with(caller(WHOLE))

    assert identify(connection) == Identity("123456789012", ARN)
    assert canned.operations == ["GetCallerIdentity"]


def test_the_dummy_keys_are_refused_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that still holds the local engine's keys is told which variables to unset."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    connection, canned = connection_with(caller(WHOLE))

    with pytest.raises(OsemError) as caught:
        identify(connection)

    assert caught.value.code is ErrorCode.AWS_CREDENTIALS_INVALID
    assert "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY" in caught.value.remediation
    assert canned.calls == []


@pytest.mark.parametrize(
    "answer, code",
    [
        pytest.param(refused("ExpiredToken"), ErrorCode.AWS_CREDENTIALS_INVALID, id="expired"),
        pytest.param(
            refused("InvalidClientTokenId"), ErrorCode.AWS_CREDENTIALS_INVALID, id="unknown-key"
        ),
        pytest.param(refused("AccessDenied"), ErrorCode.AWS_PERMISSIONS_DENIED, id="denied"),
    ],
)
def test_a_refusal_is_told_in_words(answer: Answer, code: ErrorCode) -> None:
    """What STS refuses is an error with the step that was being done."""
    with pytest.raises(OsemError, match="checking the credentials") as caught:
        identify(connection_with(answer)[0])

    assert caught.value.code is code


@pytest.mark.parametrize(
    "content", ["", f"<Arn>{ARN}</Arn>", "<Account>123456789012</Account>"], ids=str
)
def test_an_answer_without_an_account_is_incomplete(content: str) -> None:
    """botocore raises nothing for half an answer."""
    with pytest.raises(OsemError) as caught:
        identify(connection_with(caller(content))[0])

    assert caught.value.code is ErrorCode.NETWORK_ERROR
    assert "incomplete response (checking the credentials)" in caught.value.message
