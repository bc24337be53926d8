"""Gets the owner of the credentials from STS, before any other call to AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from osem_tasks.aws import errors
from osem_tasks.config.commands import command
from osem_tasks.config.local_access import ACCESS_KEY
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from osem_tasks.aws.session import Connection


@dataclass(frozen=True, slots=True)
class Identity:
    """An AWS account id and the ARN of the caller."""

    account: str
    arn: str


def identify(connection: Connection) -> Identity:
    """Call GetCallerIdentity. Raises OsemError (AWS_CREDENTIALS_INVALID, ...) with the remedy."""
    target = connection.target
    with errors.translated("checking the credentials", target):
        _refuse_dummy_keys(connection)
        answer = connection.sts.get_caller_identity()
    if not answer.get("Account") or not answer.get("Arn"):
        raise errors.truncated_response("checking the credentials", target, None)
    return Identity(answer["Account"], answer["Arn"])


def _refuse_dummy_keys(connection: Connection) -> None:
    credentials = connection.credentials()
    if credentials is not None and credentials.access_key == ACCESS_KEY:
        raise OsemError(
            f"This shell holds the local engine's dummy keys (from {command('local.env')}), "
            "not AWS's.",
            code=ErrorCode.AWS_CREDENTIALS_INVALID,
            remediation=("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL_DYNAMODB"),
        )
