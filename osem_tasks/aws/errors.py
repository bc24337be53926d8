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

    from osem_tasks.config.target import Target

NOT_FOUND = ("ResourceNotFoundException", "ResourceNotFound", "TableNotFoundException")
IN_USE = ("ResourceInUseException", "TableInUseException", "TableAlreadyExistsException")
SERVER_FAULTS = ("InternalServerError", "InternalFailure", "ServiceUnavailable")


class ErrorTemplate(NamedTuple):
    """How a cause is told; the texts take the fields that ``_error`` fills in."""

    code: ErrorCode
    message: str
    remedy: str


_AGAIN = "Run the same command again: it continues."
SERVER_FAULT = ErrorTemplate(
    ErrorCode.NETWORK_ERROR, "{place} failed while {subject} ({awscode}): {words}", _AGAIN
)
REFUSALS: tuple[tuple[tuple[str, ...], ErrorTemplate], ...] = (
    (
        ("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
        ErrorTemplate(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "The AWS credentials have expired ({subject}).",
            "{login}   or fetch new temporary keys, then try again",
        ),
    ),
    (
        ("InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"),
        ErrorTemplate(
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
        ErrorTemplate(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "The access key is not known to {place} ({subject}).",
            "aws configure{profile}   or: {login}",
        ),
    ),
    (
        ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired"),
        ErrorTemplate(
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
        ErrorTemplate(
            ErrorCode.THROTTLED, "AWS throttles {subject}: {words}", f"Wait a minute. {_AGAIN}"
        ),
    ),
    (
        ("LimitExceededException",),
        ErrorTemplate(
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            "A limit of DynamoDB stops {subject}: {words}",
            "Ask AWS for a higher quota, or wait for the other changes to end, then try again.",
        ),
    ),
    (
        NOT_FOUND,
        ErrorTemplate(
            ErrorCode.TABLE_NOT_FOUND,
            "There is no such table ({subject}).",
            "{setup}",
        ),
    ),
    (
        IN_USE,
        ErrorTemplate(
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            "Another change is under way ({subject}): {words}",
            f"Wait until it has ended. {_AGAIN}",
        ),
    ),
    (SERVER_FAULTS, SERVER_FAULT),
)
OTHER_REFUSAL = ErrorTemplate(
    ErrorCode.UNKNOWN_ERROR,
    "{place} refused {subject} ({awscode}): {words}",
    "Run it again with --verbose to see the calls.",
)
# By the names of botocore's classes, the most specific first.
SDK_ERRORS: tuple[tuple[tuple[str, ...], ErrorTemplate], ...] = (
    (
        ("ConnectTimeoutError", "ReadTimeoutError"),
        ErrorTemplate(
            ErrorCode.TIMEOUT,
            "{place} does not answer in time ({subject}).",
            "Check the network and the endpoint. " + _AGAIN,
        ),
    ),
    (
        ("HTTPClientError", "ConnectionError"),
        ErrorTemplate(
            ErrorCode.NETWORK_ERROR,
            "{place} cannot be reached ({subject}): {words}",
            "Check the network, the region and the endpoint. " + _AGAIN,
        ),
    ),
    (
        ("NoCredentialsError",),
        ErrorTemplate(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "No AWS credentials were found.",
            "aws configure{profile}   or: {login}   or set AWS_PROFILE",
        ),
    ),
    (
        ("PartialCredentialsError",),
        ErrorTemplate(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "The AWS credentials are incomplete: {words}",
            "Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or: aws configure{profile}",
        ),
    ),
    (
        ("ProfileNotFound",),
        ErrorTemplate(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            "The AWS profile is missing: {words}",
            "aws configure list-profiles   then choose one with --profile or AWS_PROFILE",
        ),
    ),
    (
        ("SSOError", "TokenRetrievalError"),
        ErrorTemplate(
            ErrorCode.AWS_CREDENTIALS_INVALID, "The AWS SSO session has ended: {words}", "{login}"
        ),
    ),
    (
        ("CredentialRetrievalError",),
        ErrorTemplate(
            ErrorCode.AWS_CREDENTIALS_INVALID,
            # Without the process's own words, which may hold what it fetched.
            "The AWS credentials could not be fetched: the profile's process failed.",
            "Run the profile's credential_process by hand, or: aws configure{profile}",
        ),
    ),
    (
        ("MissingDependencyException",),
        ErrorTemplate(
            ErrorCode.INVALID_CONFIGURATION,
            "The AWS profile needs a part of botocore that is not installed: {words}",
            'pip install "botocore[crt]"',
        ),
    ),
)
UNREADABLE = ErrorTemplate(
    ErrorCode.AWS_CREDENTIALS_INVALID,
    "A file of the AWS credentials cannot be read: {words}",
    "Check AWS_WEB_IDENTITY_TOKEN_FILE and the files in ~/.aws, or: aws configure{profile}",
)
OTHER_SDK_ERROR = ErrorTemplate(
    ErrorCode.INVALID_CONFIGURATION,
    "The AWS configuration cannot be used ({subject}): {words}",
    "Check the AWS_* variables, ~/.aws/config and the options, then try again.",
)
# The one refusal that only its words tell from a wrong request.
TTL_TOO_SOON = "modified multiple times within a fixed interval"
PROTECTION = re.compile("protected against deletion|DeletionProtectionEnabled is set")
PROTECTED = ErrorTemplate(
    ErrorCode.PROTECTED_ENVIRONMENT,
    "Deletion protection is on ({subject}).",
    "Turn it off by hand if the table is really to go; no task here does.",
)
TOO_SOON = ErrorTemplate(
    ErrorCode.TABLE_LIMIT_EXCEEDED,
    "A quota of AWS: time to live may change once an hour ({subject}).",
    "Run the same command again in an hour.",
)
TRUNCATED = ErrorTemplate(
    ErrorCode.NETWORK_ERROR, "{place} returned an incomplete response ({subject}).", _AGAIN
)
NO_ENGINE = ErrorTemplate(
    ErrorCode.ENGINE_NOT_RUNNING, "No local DynamoDB answers at {endpoint}.", "inv local.up"
)


def error_code(error: ClientError) -> str:
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
        raise truncated_response(doing, target, table) from None
    except ClientError as error:
        raise _refusal(error, doing, target, table) from error
    except BotoCoreError as error:
        raise _error(_sdk_template(error, target), str(error), doing, target, table) from error
    # Builtins that botocore lets through: a web identity token file that is missing is an
    # OSError, an endpoint without scheme a ValueError.
    except OSError as error:
        raise _error(UNREADABLE, str(error), doing, target, table) from error
    except ValueError as error:
        raise _error(OTHER_SDK_ERROR, str(error), doing, target, table) from error


def truncated_response(doing: str, target: Target, table: str | None) -> OsemError:
    """The error for an answer without its content: botocore raises nothing for it."""
    return _error(TRUNCATED, "", doing, target, table)


def _refusal(error: ClientError, doing: str, target: Target, table: str | None) -> OsemError:
    code = error_code(error)
    text = str(error.response.get("Error", {}).get("Message") or "no reason given")
    details: dict[str, Any] = {"awsCode": code}
    request = error.response.get("ResponseMetadata", {}).get("RequestId")
    if request:
        details["requestId"] = request
    return _error(_template(code, text), text, doing, target, table, details)


def _template(code: str, text: str) -> ErrorTemplate:
    """How a refusal is told: by its words where its code says too little, else by its code."""
    if TTL_TOO_SOON in text:
        return TOO_SOON
    if PROTECTION.search(text):
        return PROTECTED
    # A proxy's or moto's error page has the HTTP status for a code.
    default = SERVER_FAULT if code.isdigit() else OTHER_REFUSAL
    return next((template for codes, template in REFUSALS if code in codes), default)


def _sdk_template(error: BotoCoreError, target: Target) -> ErrorTemplate:
    names = {cls.__name__ for cls in type(error).__mro__}
    if target.local and "EndpointConnectionError" in names:
        return NO_ENGINE
    return next((template for known, template in SDK_ERRORS if names & {*known}), OTHER_SDK_ERROR)


def _error(  # noqa: PLR0917  the parts of one sentence
    template: ErrorTemplate,
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
        "setup": target.command("db.setup"),
        "endpoint": target.endpoint,
        "awscode": (details or {}).get("awsCode", ""),
    }
    return OsemError(
        template.message.format_map(fields),
        code=template.code,
        remediation=template.remedy.format_map(fields),
        table=table,
        details=details,
    )
