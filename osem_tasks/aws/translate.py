"""boto3's failures as ours: the one place that reads what botocore raises.

Sources: botocore 1.44 tried with each cause; AWS's lists of DynamoDB and STS errors.
Each cause is one row of a table: what it is called here, what happened, what to type.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import BotoCoreError, ClientError

    from osem_tasks.target import Target

NOT_FOUND = ("ResourceNotFoundException", "ResourceNotFound", "TableNotFoundException")
IN_USE = ("ResourceInUseException", "TableInUseException", "TableAlreadyExistsException")
UNSUPPORTED = ("UnknownOperationException", "UnknownOperation")
SERVER_FAULTS = ("InternalServerError", "InternalFailure", "ServiceUnavailable")


class Words(NamedTuple):
    """How a cause is told; the texts take the fields that ``_error`` fills in."""

    code: ErrorCode
    message: str
    remedy: str


_AGAIN = "Run the same command again; it carries on."
REFUSALS: tuple[tuple[tuple[str, ...], Words], ...] = (
    (
        ("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
        Words(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "The AWS credentials have expired ({subject}).",
            "{login}   or fetch new temporary keys, then try again",
        ),
    ),
    (
        ("InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"),
        Words(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "AWS refused the signature ({subject}); the secret key or this machine's clock "
            "is wrong: {words}",
            "Set the clock: timedatectl set-ntp true   or check the keys: aws configure{profile}",
        ),
    ),
    (
        (
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
        ),
        Words(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "The access key is not known to {place} ({subject}).",
            "aws configure{profile}   or: {login}",
        ),
    ),
    (
        ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired"),
        Words(
            ErrorCode.AWS_PERMISSIONS_DENIED,
            "AWS does not allow {subject}: {words}",
            "Ask for the permission that is named above; the README has the minimal policy.",
        ),
    ),
    (
        (
            "ThrottlingException",
            "Throttling",
            "ThrottledException",
            "RequestLimitExceeded",
            "ProvisionedThroughputExceededException",
            "TooManyRequestsException",
            # Backups are still being set up for a new table.
            "ContinuousBackupsUnavailableException",
        ),
        Words(ErrorCode.THROTTLED, "AWS throttles {subject}: {words}", f"Wait a minute. {_AGAIN}"),
    ),
    (
        ("LimitExceededException",),
        Words(
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            "A limit of DynamoDB stops {subject}: {words}",
            "Ask AWS for a higher quota, or wait for the other changes to end, then try again.",
        ),
    ),
    (
        NOT_FOUND,
        Words(
            ErrorCode.TABLE_NOT_FOUND,
            "There is no such table ({subject}).",
            "inv db.setup --env {env}",
        ),
    ),
    (
        IN_USE,
        Words(
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            "Another change is under way ({subject}): {words}",
            f"Wait until it has ended. {_AGAIN}",
        ),
    ),
    (
        SERVER_FAULTS,
        Words(
            ErrorCode.NETWORK_ERROR, "{place} failed while {subject} ({awscode}): {words}", _AGAIN
        ),
    ),
)
OTHER_REFUSAL = Words(
    ErrorCode.UNKNOWN_ERROR,
    "{place} refused {subject} ({awscode}): {words}",
    "Run it again with --verbose to see the calls.",
)
# By the names of botocore's classes, the most specific first.
SDK_ERRORS: tuple[tuple[tuple[str, ...], Words], ...] = (
    (
        ("ConnectTimeoutError", "ReadTimeoutError"),
        Words(
            ErrorCode.TIMEOUT,
            "{place} does not answer in time ({subject}).",
            "Check the network and the endpoint. " + _AGAIN,
        ),
    ),
    (
        ("HTTPClientError", "ConnectionError"),
        Words(
            ErrorCode.NETWORK_ERROR,
            "{place} cannot be reached ({subject}): {words}",
            "Check the network, the region and the endpoint. " + _AGAIN,
        ),
    ),
    (
        ("NoCredentialsError",),
        Words(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "No AWS credentials were found.",
            "aws configure{profile}   or: {login}   or set AWS_PROFILE",
        ),
    ),
    (
        ("PartialCredentialsError",),
        Words(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "The AWS credentials are incomplete: {words}",
            "Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or: aws configure{profile}",
        ),
    ),
    (
        ("ProfileNotFound",),
        Words(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "The AWS profile is missing: {words}",
            "aws configure list-profiles   then choose one with --profile or AWS_PROFILE",
        ),
    ),
    (
        ("SSOError", "TokenRetrievalError"),
        Words(
            ErrorCode.AWS_CREDENTIALS_INVALID, "The AWS SSO session has ended: {words}", "{login}"
        ),
    ),
    (
        ("CredentialRetrievalError",),
        Words(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            # Without the process's own words, which may hold what it fetched.
            "The AWS credentials could not be fetched: the profile's process failed.",
            "Run the profile's credential_process by hand, or: aws configure{profile}",
        ),
    ),
    (
        ("MissingDependencyException",),
        Words(
            ErrorCode.INVALID_CONFIGURATION,
            "The AWS profile needs a part of botocore that is not installed: {words}",
            'pip install "botocore[crt]"',
        ),
    ),
)
UNREADABLE = Words(
    ErrorCode.AWS_CREDENTIALS_INVALID,
    "A file of the AWS credentials cannot be read: {words}",
    "Check AWS_WEB_IDENTITY_TOKEN_FILE and the files in ~/.aws, or: aws configure{profile}",
)
OTHER_SDK_ERROR = Words(
    ErrorCode.INVALID_CONFIGURATION,
    "The AWS configuration cannot be used ({subject}): {words}",
    "Check the AWS_* variables, ~/.aws/config and the options, then try again.",
)
# The one refusal that only its words tell from a wrong request.
TTL_TOO_SOON = "modified multiple times within a fixed interval"
PROTECTION = re.compile("protected against deletion|DeletionProtectionEnabled is set")
PROTECTED = Words(
    ErrorCode.PROTECTED_ENVIRONMENT,
    "Deletion protection is on ({subject}).",
    "Turn it off by hand if the table is really to go; no task here does.",
)
TOO_SOON = Words(
    ErrorCode.TABLE_LIMIT_EXCEEDED,
    "A quota of AWS: time to live may change once an hour ({subject}).",
    "Run the same command again in an hour.",
)
NO_ENGINE = Words(
    ErrorCode.ENGINE_NOT_RUNNING, "No local DynamoDB answers at {endpoint}.", "inv local.up"
)


def code_of(error: ClientError) -> str:
    """DynamoDB's own code of a refusal."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def translated(doing: str, target: Target, table: str | None = None) -> Iterator[None]:
    """Turn whatever botocore raises inside into an OsemError; ``doing`` names the step."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ResponseParserError:
        # Its text is the whole answer: keys too, where it is one of AssumeRole.
        raise cut_short(doing, target, table) from None
    except ClientError as error:
        raise _refusal(error, doing, target, table) from error
    except BotoCoreError as error:
        raise _error(_sdk_words(error, target), str(error), doing, target, table) from error
    # Builtins that botocore lets through: a web identity token file that is missing is an
    # OSError, an endpoint without scheme a ValueError.
    except OSError as error:
        raise _error(UNREADABLE, str(error), doing, target, table) from error
    except ValueError as error:
        raise _error(OTHER_SDK_ERROR, str(error), doing, target, table) from error


def cut_short(doing: str, target: Target, table: str | None) -> OsemError:
    """The error for an answer without its content: botocore raises nothing for it."""
    words = Words(ErrorCode.NETWORK_ERROR, "{place} sent half an answer ({subject}).", _AGAIN)
    return _error(words, "", doing, target, table)


def _refusal(error: ClientError, doing: str, target: Target, table: str | None) -> OsemError:
    code = code_of(error)
    text = str(error.response.get("Error", {}).get("Message") or "no reason given")
    known = iter([words for codes, words in REFUSALS if code in codes])
    if TTL_TOO_SOON in text:
        known = iter((TOO_SOON,))
    if PROTECTION.search(text):
        known = iter((PROTECTED,))
    # A proxy's or moto's error page has the HTTP status for a code.
    default = REFUSALS[-1][1] if code.isdigit() else OTHER_REFUSAL
    details: dict[str, Any] = {"awsCode": code}
    request = error.response.get("ResponseMetadata", {}).get("RequestId")
    if request:
        details["requestId"] = request
    return _error(next(known, default), text, doing, target, table, details)


def _sdk_words(error: BotoCoreError, target: Target) -> Words:
    names = {each.__name__ for each in type(error).__mro__}
    if target.local and "EndpointConnectionError" in names:
        return NO_ENGINE
    return next((words for known, words in SDK_ERRORS if names & {*known}), OTHER_SDK_ERROR)


def _error(  # noqa: PLR0917  the parts of one sentence
    words: Words,
    text: str,
    doing: str,
    target: Target,
    table: str | None,
    details: dict[str, Any] | None = None,
) -> OsemError:
    profile = f" --profile {target.profile}" if target.profile else ""
    fields = {
        "subject": f"{doing} {table}" if table else doing,
        "words": text,
        "place": f"The engine at {target.endpoint}" if target.local else "AWS",
        "login": f"aws sso login{profile}",
        "profile": profile,
        "env": target.reach,
        "endpoint": target.endpoint,
        "awscode": (details or {}).get("awsCode", ""),
    }
    return OsemError(
        words.message.format_map(fields),
        code=words.code,
        remediation=words.remedy.format_map(fields),
        table=table,
        details=details,
    )
