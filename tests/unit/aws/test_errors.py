"""boto3's failures as ours: every cause has its code, its sentence and its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore import exceptions as sdk
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from osem_tasks.aws.error_templates import REFUSALS, REFUSED_SHAPE, SDK_ERRORS
from osem_tasks.aws.errors import error_code, translated, truncated_response
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from osem_tasks.config.target import Target

ENGINE = "http://127.0.0.1:8000"
DEV = resolve(BUILT_IN["dev"], TargetOptions(), {})
TEAM = resolve(BUILT_IN["dev"], TargetOptions(profile="team"), {})
LOCAL = resolve(BUILT_IN["local"], TargetOptions(), {})
AGAIN = "Run the same command again: it continues."
C = ErrorCode


def refusal(code: str, message: str = "its words") -> ClientError:
    """What the service answers."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"RequestId": "request-1"},
    }
    return ClientError(response, "DescribeTable")


def told(error: Exception, target: Target = DEV, table: str | None = "Users") -> OsemError:
    """What becomes of ``error``, raised while reading a table."""
    with pytest.raises(OsemError) as caught, translated("reading", target, table):
        raise error
    return caught.value


# Each cause by its codes: what it is called, what is said, what to type.
REFUSED: list[tuple[tuple[str, ...], ErrorCode, str, str]] = [
    (
        ("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
        C.AWS_CREDENTIALS_INVALID,
        "The AWS credentials have expired (reading Users).",
        "aws sso login   or fetch new temporary keys, then try again",
    ),
    (
        ("InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"),
        C.AWS_CREDENTIALS_INVALID,
        (
            "AWS refused the signature (reading Users); the secret key or this machine's clock "
            "is wrong: its words"
        ),
        "Set the clock: timedatectl set-ntp true   or check the keys: aws configure",
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
        C.AWS_CREDENTIALS_INVALID,
        "The access key is not known to AWS (reading Users).",
        "aws configure   or: aws sso login",
    ),
    (
        ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired"),
        C.AWS_PERMISSIONS_DENIED,
        "AWS does not allow reading Users: its words",
        "Ask for the permission that is named above; the README has the minimal policy.",
    ),
    (
        (
            "ThrottlingException",
            "Throttling",
            "ThrottledException",
            "RequestLimitExceeded",
            "ProvisionedThroughputExceededException",
            "TooManyRequestsException",
            "ContinuousBackupsUnavailableException",
            "TransactionConflictException",
            "TransactionInProgressException",
        ),
        C.THROTTLED,
        "AWS throttles reading Users: its words",
        f"Wait a minute. {AGAIN}",
    ),
    (
        ("LimitExceededException",),
        C.TABLE_LIMIT_EXCEEDED,
        "A limit of DynamoDB stops reading Users: its words",
        "Ask AWS for a higher quota, or wait for the other changes to end, then try again.",
    ),
    (
        ("ResourceNotFoundException", "ResourceNotFound", "TableNotFoundException"),
        C.TABLE_NOT_FOUND,
        "There is no such table (reading Users).",
        "inv db.setup --env dev",
    ),
    (
        (
            "ResourceInUseException",
            "TableInUseException",
            "TableAlreadyExistsException",
            "BackupInUseException",
        ),
        C.TABLE_LIMIT_EXCEEDED,
        "Another change is under way (reading Users): its words",
        f"Wait until it has ended. {AGAIN}",
    ),
    (
        ("ServiceQuotaExceededException",),
        C.TABLE_LIMIT_EXCEEDED,
        "A limit of DynamoDB stops reading Users: its words",
        "Ask AWS for a higher quota, or wait for the other changes to end, then try again.",
    ),
    *(
        (
            (code,),
            C.NETWORK_ERROR,
            f"AWS failed while reading Users ({code}): its words",
            AGAIN,
        )
        for code in (
            "InternalServerError",
            "InternalFailure",
            "ServiceUnavailable",
            "429",
            "500",
            "503",
        )
    ),
    *(
        (
            (code,),
            C.UNKNOWN_ERROR,
            f"AWS refused reading Users ({code}): its words",
            "Run it again with --verbose to see the calls.",
        )
        for code in ("SomethingNewException",)
    ),
    *(
        (
            (code,),
            C.INVALID_CONFIGURATION,
            f"AWS refused reading Users ({code}): its words",
            "Correct the declaration of Users, then run the command again.",
        )
        for code in REFUSED_SHAPE
    ),
    *(
        (
            (code,),
            C.NETWORK_ERROR,
            f"AWS answers HTTP {code} (its words) to reading Users, which is no answer of DynamoDB.",
            "Check the endpoint, and what is on the way to it (HTTPS_PROXY, a VPN, a login page).",
        )
        for code in ("302", "401", "404", "407", "501")
    ),
]


@pytest.mark.parametrize(
    "awscode, code, message, remedy",
    [pytest.param(awscode, *rest, id=awscode) for codes, *rest in REFUSED for awscode in codes],
)
def test_a_refusal_by_its_code(awscode: str, code: ErrorCode, message: str, remedy: str) -> None:
    """The error keeps the service's own code, its request and the table."""
    error = told(refusal(awscode))

    assert (error.code, error.message, error.remediation) == (code, message, remedy)
    assert error.details == {"awsCode": awscode, "requestId": "request-1"}
    assert error.table == "Users"


def test_every_refusal_has_its_row() -> None:
    """No code of the package's table is left out above."""
    known = {code for codes, _ in REFUSALS for code in codes}

    assert known - {code for codes, *_ in REFUSED for code in codes} == set()


@pytest.mark.parametrize(
    "message, code, told_as, remedy",
    [
        pytest.param(
            "Time to live has been modified multiple times within a fixed interval",
            C.TABLE_LIMIT_EXCEEDED,
            "A quota of AWS: time to live may change once an hour (reading Users).",
            "Run the same command again in an hour.",
            id="time-to-live-too-soon",
        ),
        *(
            pytest.param(
                words,
                C.PROTECTED_ENVIRONMENT,
                "Deletion protection is on (reading Users).",
                "Turn it off by hand if the table is really to go; no task here does.",
                id=name,
            )
            for name, words in {
                "protected-on-aws": "Resource cannot be deleted as it is currently protected "
                "against deletion. Disable deletion protection first.",
                "protected-on-dynamodb-local": "Table 'x' can't be deleted while "
                "DeletionProtectionEnabled is set to True",
            }.items()
        ),
    ],
)
def test_a_refusal_by_its_words(message: str, code: ErrorCode, told_as: str, remedy: str) -> None:
    """A ValidationException says by its words alone what it is about."""
    error = told(refusal("ValidationException", message))

    assert (error.code, error.message, error.remediation) == (code, told_as, remedy)


# Each cause by an exception of botocore: what it is called, what is said, what to type.
FAILED: dict[str, tuple[Exception, ErrorCode, str, str]] = {
    "ConnectTimeoutError": (
        sdk.ConnectTimeoutError(endpoint_url=ENGINE),
        C.TIMEOUT,
        "AWS does not answer in time (reading Users).",
        f"Check the network and the endpoint. {AGAIN}",
    ),
    "ReadTimeoutError": (
        sdk.ReadTimeoutError(endpoint_url=ENGINE),
        C.TIMEOUT,
        "AWS does not answer in time (reading Users).",
        f"Check the network and the endpoint. {AGAIN}",
    ),
    **{
        name: (
            error,
            C.NETWORK_ERROR,
            f"AWS cannot be reached (reading Users): {error}",
            f"Check the network, the region and the endpoint. {AGAIN}",
        )
        for name, error in {
            "HTTPClientError": sdk.HTTPClientError(error="broken"),
            "ConnectionError": sdk.ConnectionError(error=OSError("broken")),
            "EndpointConnectionError": sdk.EndpointConnectionError(endpoint_url=ENGINE),
            "ConnectionClosedError": sdk.ConnectionClosedError(endpoint_url=ENGINE),
            "ProxyConnectionError": sdk.ProxyConnectionError(proxy_url="http://proxy"),
            "SSLError": sdk.SSLError(endpoint_url=ENGINE, error=OSError("expired")),
        }.items()
    },
    "ParamValidationError": (
        sdk.ParamValidationError(report='Unknown parameter in input: "WarmThroughput"'),
        C.INVALID_CONFIGURATION,
        (
            "The installed boto3 does not know what reading Users needs: Parameter validation failed: "
            'Unknown parameter in input: "WarmThroughput"'
        ),
        "Update it: pip install --upgrade boto3   or correct the declaration of Users.",
    ),
    "NoCredentialsError": (
        sdk.NoCredentialsError(),
        C.AWS_CREDENTIALS_INVALID,
        "No AWS credentials were found.",
        "aws configure   or: aws sso login   or set AWS_PROFILE",
    ),
    "PartialCredentialsError": (
        sdk.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        C.AWS_CREDENTIALS_INVALID,
        (
            "The AWS credentials are incomplete: Partial credentials found in env, missing: "
            "AWS_SECRET_ACCESS_KEY"
        ),
        "Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or: aws configure",
    ),
    "ProfileNotFound": (
        sdk.ProfileNotFound(profile="gone"),
        C.AWS_CREDENTIALS_INVALID,
        "The AWS profile is missing: The config profile (gone) could not be found",
        "aws configure list-profiles   then choose one with --profile or AWS_PROFILE",
    ),
    **{
        name: (
            error,
            C.AWS_CREDENTIALS_INVALID,
            f"The AWS SSO session has ended: {error}",
            "aws sso login",
        )
        for name, error in {
            "SSOError": sdk.UnauthorizedSSOTokenError(),
            "SSOTokenLoadError": sdk.SSOTokenLoadError(error_msg="no token"),
            "TokenRetrievalError": sdk.TokenRetrievalError(provider="sso", error_msg="no"),
        }.items()
    },
    "CredentialRetrievalError": (
        sdk.CredentialRetrievalError(provider="custom-process", error_msg="a secret"),
        C.AWS_CREDENTIALS_INVALID,
        "The AWS credentials could not be fetched: the profile's process failed.",
        "Run the profile's credential_process by hand, or: aws configure",
    ),
    "MissingDependencyException": (
        sdk.MissingDependencyException(msg="needs awscrt"),
        C.INVALID_CONFIGURATION,
        (
            "The AWS profile needs a part of botocore that is not installed: "
            "Missing Dependency: needs awscrt"
        ),
        'pip install "botocore[crt]"',
    ),
    "NoRegionError": (
        sdk.NoRegionError(),
        C.INVALID_CONFIGURATION,
        "The AWS configuration cannot be used (reading Users): You must specify a region.",
        "Check the AWS_* variables, ~/.aws/config and the options, then try again.",
    ),
    "ValueError": (
        ValueError("Invalid endpoint: x"),
        C.INVALID_CONFIGURATION,
        "The AWS configuration cannot be used (reading Users): Invalid endpoint: x",
        "Check the AWS_* variables, ~/.aws/config and the options, then try again.",
    ),
    "FileNotFoundError": (
        FileNotFoundError(2, "No such file or directory", "/token"),
        C.AWS_CREDENTIALS_INVALID,
        (
            "A file of the AWS credentials cannot be read: "
            "[Errno 2] No such file or directory: '/token'"
        ),
        "Check AWS_WEB_IDENTITY_TOKEN_FILE and the files in ~/.aws, or: aws configure",
    ),
}


@pytest.mark.parametrize("name", FAILED)
def test_a_failure_of_the_sdk(name: str) -> None:
    """What botocore raises before or instead of an answer, and what it lets through."""
    cause, code, message, remedy = FAILED[name]

    error = told(cause)

    assert (error.code, error.message, error.remediation) == (code, message, remedy)
    assert error.__cause__ is cause
    assert error.table == "Users"


def test_every_failure_has_its_row() -> None:
    """No class of the package's table is left out above."""
    assert {name for names, _ in SDK_ERRORS for name in names} - {*FAILED} == set()


def test_every_class_is_one_of_botocore() -> None:
    """The table names classes, which botocore must still have."""
    names = [name for names, _ in SDK_ERRORS for name in names]

    assert [name for name in names if not hasattr(sdk, name)] == []


@pytest.mark.parametrize(
    "error, remedy",
    [
        pytest.param(
            refusal("ExpiredToken"),
            "aws sso login --profile team   or fetch new temporary keys, then try again",
            id="login",
        ),
        pytest.param(
            sdk.NoCredentialsError(),
            "aws configure --profile team   or: aws sso login --profile team   or set AWS_PROFILE",
            id="configure",
        ),
        pytest.param(
            refusal("ResourceNotFoundException"),
            "inv db.setup --env dev --profile team",
            id="command-of-the-suite",
        ),
    ],
)
def test_a_remedy_is_for_the_profile_in_use(error: Exception, remedy: str) -> None:
    """A profile that was chosen is part of the command to type."""
    assert told(error, TEAM).remediation == remedy


@pytest.mark.parametrize(
    "error, code, message, remedy",
    [
        pytest.param(
            sdk.EndpointConnectionError(endpoint_url=ENGINE),
            C.ENGINE_NOT_RUNNING,
            f"No local DynamoDB answers at {ENGINE}.",
            "inv local.up",
            id="nothing-answers",
        ),
        pytest.param(
            sdk.ReadTimeoutError(endpoint_url=ENGINE),
            C.TIMEOUT,
            f"The engine at {ENGINE} does not answer in time (reading Users).",
            f"Check the network and the endpoint. {AGAIN}",
            id="hangs",
        ),
        pytest.param(
            refusal("InternalFailure"),
            C.NETWORK_ERROR,
            f"The engine at {ENGINE} failed while reading Users (InternalFailure): its words",
            AGAIN,
            id="fails",
        ),
    ],
)
def test_an_engine_is_called_by_its_endpoint(
    error: Exception, code: ErrorCode, message: str, remedy: str
) -> None:
    """On this machine it is not AWS that does not answer."""
    failure = told(error, LOCAL)

    assert (failure.code, failure.message, failure.remediation) == (code, message, remedy)


def test_without_a_table_the_step_alone_is_named() -> None:
    """A call that is about no table says what was being done."""
    error = told(refusal("AccessDenied"), table=None)

    assert error.message == "AWS does not allow reading: its words"
    assert error.table is None


@pytest.mark.parametrize("message", ["", None], ids=["empty", "none"])
def test_a_refusal_without_words_says_so(message: Any) -> None:
    """A sentence never ends in a colon and nothing."""
    assert told(refusal("AccessDenied", message)).message.endswith(": no reason given")


def test_an_answer_that_cannot_be_parsed_is_not_repeated() -> None:
    """Its text may hold keys: neither the message nor the cause keeps it."""
    error = told(ResponseParserError("<SecretAccessKey>a secret"))

    assert (error.code, error.__cause__) == (C.NETWORK_ERROR, None)
    assert error.message == "AWS returned an incomplete response (reading Users)."
    assert "a secret" not in f"{error.message} {error.remediation} {error.details}"


def test_a_truncated_response() -> None:
    """For an answer without its content botocore raises nothing, so that it is made here."""
    error = truncated_response("reading", DEV, "Users")

    assert (error.code, error.table) == (C.NETWORK_ERROR, "Users")
    assert error.message == "AWS returned an incomplete response (reading Users)."


def test_what_is_no_failure_of_boto3_passes_through() -> None:
    """An OsemError stays what it is, and so does every other exception."""
    mine = OsemError("mine", code=C.TIMEOUT, remediation="-")

    assert told(mine) is mine
    with pytest.raises(KeyError), translated("reading", DEV):
        raise KeyError("a bug")


@pytest.mark.parametrize(
    "response, expected",
    [
        pytest.param({"Error": {"Code": "AccessDenied"}}, "AccessDenied", id="code"),
        pytest.param({"Error": {}}, "", id="no-code"),
        pytest.param({}, "", id="no-error"),
    ],
)
def test_error_code(response: Any, expected: str) -> None:
    """The service's own code, empty where an answer has none."""
    assert error_code(ClientError(response, "DescribeTable")) == expected


CANONICAL = """The request signature we calculated does not match. Check your key.

The Canonical String for this request should have been
'POST
/

x-amz-security-token:a secret token
'

The String-to-Sign should have been
'AWS4-HMAC-SHA256'"""


@pytest.mark.parametrize(
    "error",
    [
        refusal("InvalidSignatureException", CANONICAL),
        refusal("AccessDenied", CANONICAL),
        refusal("NobodyKnowsThisOne", CANONICAL),
        sdk.HTTPClientError(error="Invalid header value: x-amz-security-token: a-secret-token"),
        sdk.EndpointConnectionError(endpoint_url="http://user:a-secret@host"),
        ValueError("Invalid endpoint: http://user:a-secret@host"),
        OSError("Authorization: Basic a-secret"),
        sdk.CredentialRetrievalError(provider="custom-process", error_msg="a secret"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_message_quotes_a_secret(error: Exception) -> None:
    """Signed requests, headers, URLs, and what a process said are not repeated, on any line."""
    failure = told(error)

    assert "secret" not in f"{failure.message} {failure.details}".replace("the secret key", "")
    assert "\n" not in failure.message
