"""The messages for AWS failures: one row per cause, with what happened and what to type.

Sources: every cause tried with botocore 1.44; AWS's lists of DynamoDB and STS errors.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from osem_tasks.errors import ErrorCode
from osem_tasks.schema import emulators
from osem_tasks.waiting.limits import BACKUP_IN_USE, IN_USE, Limit

NOT_FOUND = ("ResourceNotFoundException", "ResourceNotFound", "TableNotFoundException")
SERVER_FAULTS = ("InternalServerError", "InternalFailure", "ServiceUnavailable")
LIMITED = ("LimitExceededException", "ServiceQuotaExceededException")
# What a request asks for is wrong, or unknown to this engine. From AWS's list of common errors,
# and from what DynamoDB Local and moto answer to a request that is newer than they are.
REFUSED_SHAPE = (
    "ValidationException",
    "ValidationError",
    "SerializationException",
    *emulators.NO_SUCH_CALL,
    "InvalidAction",
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "InvalidParameterCombination",
    "MissingParameter",
    "UnknownParameter",
    "UnsupportedOperationException",
    "NotImplemented",
    "NotImplementedError",
)


class ErrorTemplate(NamedTuple):
    """The texts for one cause; ``_error`` fills in the fields.

    ``{words}`` is the library's message, redacted. A row omits it if it may contain a whole
    response or the output of a process.
    """

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
            # Somebody else writes the same item right now.
            "TransactionConflictException",
            "TransactionInProgressException",
            # Backups are still being set up for a new table.
            "ContinuousBackupsUnavailableException",
        ),
        ErrorTemplate(
            ErrorCode.THROTTLED, "AWS throttles {subject}: {words}", f"Wait a minute. {_AGAIN}"
        ),
    ),
    (
        REFUSED_SHAPE,
        ErrorTemplate(
            ErrorCode.INVALID_CONFIGURATION,
            "{place} refused {subject} ({awscode}): {words}",
            "Correct the declaration{of_table}, then run the command again.{newer}",
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
        (*IN_USE, BACKUP_IN_USE),
        ErrorTemplate(
            ErrorCode.TABLE_LIMIT_EXCEEDED,
            "Another change is under way ({subject}): {words}",
            f"Wait until it has ended. {_AGAIN}",
        ),
    ),
    (SERVER_FAULTS, SERVER_FAULT),
)
# A refusal for a limit differs in its wording only (``waiting.limits``).
LIMITS = {
    Limit.WORK: ErrorTemplate(
        ErrorCode.TABLE_LIMIT_EXCEEDED,
        "A limit on simultaneous work stops {subject}: {words}",
        f"Wait until the other changes in this account and region have ended. {_AGAIN}",
    ),
    Limit.INTERVAL: ErrorTemplate(
        ErrorCode.TABLE_LIMIT_EXCEEDED,
        "AWS limits how often this may be changed ({subject}): {words}",
        "Run the same command again {when}.",
    ),
    Limit.QUOTA: ErrorTemplate(
        ErrorCode.TABLE_LIMIT_EXCEEDED,
        "A quota of the AWS account stops {subject}: {words}",
        "Ask for a higher quota: https://console.aws.amazon.com/servicequotas/home/services/"
        "dynamodb/quotas   or need less of it, then run the command again.",
    ),
    Limit.UNKNOWN: ErrorTemplate(
        ErrorCode.TABLE_LIMIT_EXCEEDED,
        "A limit of DynamoDB stops {subject}: {words}",
        "Ask AWS for a higher quota, or wait for the other changes to end, then try again.",
    ),
}
# An HTTP status without an error of DynamoDB: something between answers, or something else.
NO_DYNAMODB = ErrorTemplate(
    ErrorCode.NETWORK_ERROR,
    "{place} answers HTTP {awscode} ({words}) to {subject}, which is no answer of DynamoDB.",
    "Check the endpoint, and what is on the way to it (HTTPS_PROXY, a VPN, a login page).",
)
OTHER_REFUSAL = ErrorTemplate(
    ErrorCode.UNKNOWN_ERROR,
    "{place} refused {subject} ({awscode}): {words}",
    "Run it again with --verbose to see the calls.",
)
# By botocore's class names, most specific first.
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
        ("ParamValidationError",),
        ErrorTemplate(
            ErrorCode.INVALID_CONFIGURATION,
            "The installed boto3 does not know what {subject} needs: {words}",
            "Update it: pip install --upgrade boto3   or correct the declaration{of_table}.",
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
            # Omit the process's output, which may contain the credentials.
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
# The only refusal that differs from an invalid request only in its message.
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
    ErrorCode.ENGINE_NOT_RUNNING, "No local DynamoDB answers at {endpoint}.", "{up}"
)
