"""Every fault as data: how it is brought about, and what the contract says comes of it.

``{url}`` is the faulty server, ``{engine}`` the engine itself, ``{closed}`` a port at which
nothing listens, ``{docker}`` the fake Docker engine, ``{home}`` a directory of the test's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from osem_tasks.config.environments import BUILT_IN
from tests.support.docker_daemon import CONTAINER, Routes
from tests.support.faulty_aws import Fault, Plane, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

OK = None
SECRET, TOKEN = "FAKESECRETkey0123456789abcdefghijklmnop", "FAKESECRETtoken0123456789"
NO_KEYS: dict[str, str | None] = {
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_SESSION_TOKEN": None,
}
SIX = ("Users", "Teams", "AssessmentPlans", "Assessments", "AssessmentReports", "ConfigVersions")
REST = SIX[1:]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault.

    ``error`` and ``exit`` are what `inv *argv` must end with, ``says`` words of its message
    or warnings, ``remedy`` words of what to type next. ``existing`` tables, with an item in
    Users, are there before. ``account`` is what a setup must tell, by list. ``record``
    is the engine that an earlier `local.up` left. Users is shown as ``marked``, or lacks
    a tag when it has ``drifted``.
    """

    name: str
    argv: tuple[str, ...] = ("db.setup", "--env", "dev")
    error: str | None
    exit: int = 1
    says: tuple[str, ...] = ()
    remedy: str = ""
    variables: Mapping[str, str | None] = field(default_factory=dict)
    config: str = ""
    credentials: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    plane: Plane = field(default_factory=Plane)
    role: Role = "AWS"
    routes: Routes = field(default_factory=dict)
    record: str = ""
    existing: tuple[str, ...] = ("Users",)
    marked: str = ""
    drifted: bool = False
    account: Mapping[str, tuple[str, ...]] | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def env(self) -> str:
        """The environment that it is about."""
        named = self.argv[self.argv.index("--env") + 1] if "--env" in self.argv else "local"
        return named if named in BUILT_IN else "dev"


def refused(operation: str, code: str, message: str = "words", **more: Any) -> Fault:
    """Calls of ``operation`` are answered by ``code``."""
    return Fault(operation, code=code, message=message, **more)


def account(**lists: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """The account of a setup; a list that is not named is empty."""
    return {key: lists.get(key, ()) for key in ("Created", "Verified", "Failed", "NotAttempted")}


ALL_WELL = account(Verified=("Users",), Created=REST)
PROD = ("db.setup", "--env", "prod", "--force")
NO_CHANGE = account(NotAttempted=SIX)

# --- credentials: section E's causes, each with what mends it --------------------------------
CREDENTIALS = "AWS_CREDENTIALS_INVALID"
CONFIGURATION = "INVALID_CONFIGURATION"
SSO = """
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = dev
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
[profile legacy]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = dev
"""
STALE = '{"accessToken": "FAKESECRETsso", "expiresAt": "2020-01-01T00:00:00Z"}'


def _token(key: str) -> dict[str, str]:
    return {f"sso/{sha1(key.encode()).hexdigest()}.json": STALE}


def _profile(name: str) -> dict[str, str | None]:
    return {**NO_KEYS, "AWS_PROFILE": name}


KEYS = f"aws_access_key_id = AKIAFAKE\naws_secret_access_key = {SECRET}\n"
ROLE = "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"
HERE = "region = us-east-1\n"
CUT_ROLE = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIAFAKE</AccessKeyId>"
    f"<SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{TOKEN}</Sess"
)
CREDENTIAL_CASES = [
    Case(name="no credentials", error=CREDENTIALS, variables=NO_KEYS, remedy="aws configure"),
    Case(
        name="key without secret",
        error=CREDENTIALS,
        variables={"AWS_SECRET_ACCESS_KEY": None},
        says=("incomplete",),
        remedy="AWS_SECRET_ACCESS_KEY",
    ),
    Case(
        name="secret without key",
        error=CREDENTIALS,
        variables={"AWS_ACCESS_KEY_ID": None},
        remedy="aws configure",
    ),
    Case(
        name="profile missing by variable",
        error=CREDENTIALS,
        variables={"AWS_PROFILE": "nosuch"},
        says=("nosuch",),
        remedy="--profile",
    ),
    Case(
        name="profile missing by option",
        argv=("db.setup", "--env", "dev", "--profile", "nosuch"),
        error=CREDENTIALS,
        says=("nosuch",),
        remedy="--profile",
    ),
    Case(
        name="config file broken",
        error=CONFIGURATION,
        variables=NO_KEYS,
        config="[profile x\nbroken",
        says=("config",),
        remedy="~/.aws/config",
    ),
    Case(
        name="credentials file broken at its secret",
        error=CONFIGURATION,
        variables=NO_KEYS,
        credentials=f"[default]\naws_access_key_id = AKIAFAKE\naws_secret_access_key {SECRET}\n",
        says=("aws-shared-credentials",),
    ),
    Case(
        name="SSO without token",
        error=CREDENTIALS,
        variables=_profile("sso"),
        config=SSO,
        remedy="aws sso login",
    ),
    Case(
        name="SSO expired",
        error=CREDENTIALS,
        variables=_profile("sso"),
        config=SSO,
        files=_token("corp"),
        remedy="aws sso login",
    ),
    Case(
        name="legacy SSO without token",
        error=CREDENTIALS,
        variables=_profile("legacy"),
        config=SSO,
        remedy="aws sso login",
    ),
    Case(
        name="legacy SSO expired",
        error=CREDENTIALS,
        variables=_profile("legacy"),
        config=SSO,
        files=_token("https://corp.awsapps.com/start"),
        remedy="aws sso login",
    ),
    Case(
        name="SSO session undefined",
        error=CONFIGURATION,
        variables=_profile("sso"),
        config=SSO.replace("[sso-session corp]", "[sso-session other]"),
        says=("corp",),
    ),
    Case(
        name="source profile missing",
        error=CONFIGURATION,
        variables=_profile("role"),
        config="[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = gone\n",
        says=("gone",),
    ),
    Case(
        name="credential_process fails",
        error=CREDENTIALS,
        variables=_profile("process"),
        config="[profile process]\ncredential_process = false\n",
        remedy="credential_process",
    ),
    Case(
        name="credential_process fails and tells its secret",
        error=CREDENTIALS,
        variables=_profile("process"),
        config="[profile process]\ncredential_process = sh {home}/process\n",
        files={"process": f"echo 'cannot use {TOKEN}' >&2; exit 3\n"},
        remedy="credential_process",
    ),
    Case(
        name="credential_process gives no JSON",
        error=CONFIGURATION,
        variables=_profile("process"),
        config="[profile process]\ncredential_process = echo FAKESECRETnonsense\n",
    ),
    Case(
        name="web identity token file missing",
        error=CREDENTIALS,
        variables={
            **NO_KEYS,
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/gone",
        },
        says=("gone",),
        remedy="AWS_WEB_IDENTITY_TOKEN_FILE",
    ),
    Case(
        name="login session without botocore[crt]",
        error=CONFIGURATION,
        variables=_profile("login"),
        config="[profile login]\nlogin_session = arn:aws:iam::123456789012:user/u\n",
        remedy="botocore[crt]",
    ),
    Case(
        name="role that may not be assumed",
        error="AWS_PERMISSIONS_DENIED",
        variables=_profile("role"),
        config=ROLE + HERE,
        credentials=f"[base]\n{KEYS}",
        faults=(
            refused("AssumeRole", "AccessDenied", "not authorized: sts:AssumeRole", status=403),
        ),
        says=("sts:AssumeRole",),
    ),
    Case(
        name="a role's profile without a region",
        error=OK,
        exit=0,
        variables=_profile("role"),
        config=ROLE,
        credentials=f"[base]\n{KEYS}",
        account=ALL_WELL,
    ),
    Case(
        name="the keys of an assumed role come cut short",
        error="NETWORK_ERROR",
        variables=_profile("role"),
        config=ROLE + HERE,
        credentials=f"[base]\n{KEYS}",
        faults=(Fault("AssumeRole", "say", message=CUT_ROLE, status=200),),
    ),
    Case(
        name="expired token on STS",
        error=CREDENTIALS,
        faults=(refused("GetCallerIdentity", "ExpiredToken", status=403),),
        says=("expired",),
        remedy="aws sso login",
    ),
    Case(
        name="expired token on DynamoDB",
        error=CREDENTIALS,
        faults=(refused("DescribeTable", "ExpiredTokenException"),),
        says=("expired",),
        account=NO_CHANGE,
    ),
    Case(
        name="token that expires half-way",
        error=CREDENTIALS,
        exit=2,
        faults=(refused("CreateTable", "ExpiredTokenException", table="Assessments"),),
        says=("expired", "osem-dev-Assessments"),
        account=account(
            Verified=("Users",),
            Created=("Teams", "AssessmentPlans"),
            Failed=("Assessments",),
            NotAttempted=("AssessmentReports", "ConfigVersions"),
        ),
    ),
    Case(
        name="unknown key on STS",
        error=CREDENTIALS,
        faults=(refused("GetCallerIdentity", "InvalidClientTokenId", status=403),),
        says=("not known",),
        remedy="aws configure",
    ),
    Case(
        name="unknown key on DynamoDB",
        error=CREDENTIALS,
        faults=(refused("DescribeTable", "UnrecognizedClientException"),),
        says=("not known",),
        account=NO_CHANGE,
    ),
    Case(
        name="wrong signature on STS",
        error=CREDENTIALS,
        faults=(refused("GetCallerIdentity", "SignatureDoesNotMatch", status=403),),
        says=("signature",),
    ),
    Case(
        name="wrong signature on DynamoDB",
        error=CREDENTIALS,
        faults=(refused("DescribeTable", "InvalidSignatureException"),),
        says=("signature",),
    ),
    Case(
        name="clock skew",
        error=CREDENTIALS,
        faults=(
            refused(
                "GetCallerIdentity",
                "SignatureDoesNotMatch",
                "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z",
                status=403,
            ),
        ),
        says=("clock", "Signature expired"),
        remedy="timedatectl",
    ),
    Case(
        name="the local engine's dummy keys",
        error=CREDENTIALS,
        variables={"AWS_ACCESS_KEY_ID": "osemlocal", "AWS_SECRET_ACCESS_KEY": "osemlocal"},
        says=("dummy",),
        remedy="unset AWS_ACCESS_KEY_ID",
    ),
]

# --- region and account ----------------------------------------------------------------------
REGION_CASES = [
    Case(name="no region is us-east-1", error=OK, exit=0, account=ALL_WELL),
    Case(
        name="region malformed",
        argv=("db.setup", "--env", "dev", "--region", "us east 1"),
        error=CONFIGURATION,
        says=("us east 1",),
    ),
    Case(
        name="region with a trailing blank",
        variables={"AWS_REGION": "us-east-1 "},
        error=CONFIGURATION,
        says=("us-east-1 ",),
    ),
    Case(
        name="AWS_REGION is honoured and a mismatch warns on dev",
        variables={"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"},
        error=OK,
        exit=0,
        says=("⚠", "expected in us-east-1", "eu-west-1"),
        account=account(Created=SIX),
    ),
    Case(
        name="the profile's region counts",
        variables=_profile("eu"),
        config=f"[profile eu]\nregion = eu-central-1\n{KEYS}",
        error=OK,
        exit=0,
        says=("⚠", "eu-central-1"),
        account=account(Created=SIX),
    ),
    Case(
        name="a region mismatch stops prod",
        argv=("db.setup", "--env", "prod"),
        variables={"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": None},
        error="AWS_REGION_MISMATCH",
        says=("eu-west-1", "us-east-1"),
        remedy="--region us-east-1",
    ),
    Case(
        name="a region mismatch is forced on prod",
        argv=PROD,
        variables={"AWS_REGION": "eu-west-1"},
        error=OK,
        exit=0,
        says=("⚠", "eu-west-1"),
        account=account(Created=SIX),
    ),
    Case(
        name="another account than the pinned one",
        configuration={"environments": {"dev": {"account": "999999999999"}}},
        error="AWS_ACCOUNT_MISMATCH",
        says=("999999999999", "123456789012"),
        remedy="--profile",
    ),
]

# --- endpoints, environments, safety -----------------------------------------------------------
ENDPOINT_CASES = [
    Case(
        name="endpoint variable without scheme",
        variables={"AWS_ENDPOINT_URL": "127.0.0.1:8000"},
        error=CONFIGURATION,
        says=("AWS_ENDPOINT_URL", "127.0.0.1:8000"),
        remedy="http://",
    ),
    Case(
        name="endpoint option without a number for a port",
        argv=("db.setup", "--env", "dev", "--endpoint", "http://127.0.0.1:eight"),
        error=CONFIGURATION,
        says=("--endpoint",),
        remedy="http://",
    ),
    Case(
        name="AWS refuses connections",
        variables={"AWS_ENDPOINT_URL": "{closed}"},
        error="NETWORK_ERROR",
        remedy="endpoint",
    ),
    Case(
        name="prod is diverted",
        argv=("db.setup", "--env", "prod"),
        error=CONFIGURATION,
        says=("AWS_ENDPOINT_URL", "prod"),
        remedy="unset AWS_ENDPOINT_URL",
    ),
    Case(
        name="prod is diverted by force",
        argv=PROD,
        error=OK,
        exit=0,
        says=("⚠", "AWS_ENDPOINT_URL"),
        account=ALL_WELL,
    ),
    Case(
        name="dev is diverted to the engine of local.up",
        record="{url}",
        error=CONFIGURATION,
        says=("AWS_ENDPOINT_URL",),
        remedy="unset AWS_ENDPOINT_URL",
    ),
    Case(
        name="dev is diverted to some DynamoDB Local",
        role="DynamoDB Local",
        error=CONFIGURATION,
        says=("local engine",),
        remedy="--endpoint",
    ),
    Case(
        name="local is led to AWS",
        argv=("db.setup", "--endpoint", "https://dynamodb.us-east-1.amazonaws.com"),
        error=CONFIGURATION,
        says=("amazonaws.com",),
        remedy="--env",
    ),
    Case(
        name="unknown environment",
        argv=("db.setup", "--env", "nosuch"),
        error=CONFIGURATION,
        says=("nosuch", "local, test, dev, staging, prod"),
    ),
    Case(
        name="several bad values are told at once",
        configuration={"environments": {"dev": {"account": 12, "where": "moon"}}, "port": "x"},
        error=CONFIGURATION,
        says=("account", "where", "osem.port"),
        remedy="invoke.yaml",
    ),
    Case(
        name="deadline that is no number",
        argv=("db.setup", "--env", "dev", "--timeout", "soon"),
        error=CONFIGURATION,
        says=("--timeout", "soon"),
    ),
    Case(
        name="prod is never deleted",
        argv=("db.delete", "--env", "prod", "--yes", "--force"),
        error="PROTECTED_ENVIRONMENT",
        says=("prod",),
    ),
    Case(
        name="prod is never reset",
        argv=("db.reset", "--env", "prod", "--yes", "--force"),
        error="PROTECTED_ENVIRONMENT",
        says=("prod",),
    ),
    Case(
        name="deleting on AWS needs --yes",
        argv=("db.delete", "--env", "dev"),
        error="CONFIRMATION_REQUIRED",
        says=("dev",),
        remedy="--yes",
    ),
    Case(
        name="nothing there to verify",
        argv=("db.verify", "--env", "dev"),
        error="TABLE_NOT_FOUND",
        existing=(),
        remedy="db.setup --env dev",
    ),
    Case(
        name="half of it there to verify",
        argv=("db.verify", "--env", "dev"),
        error="TABLE_NOT_FOUND",
        says=("osem-dev-Teams", "osem-dev-ConfigVersions"),
        remedy="db.setup --env dev",
    ),
    Case(
        name="a table that differs, to verify",
        argv=("db.verify", "--env", "dev"),
        drifted=True,
        error="SCHEMA_VALIDATION_FAILED",
        says=("osem-dev-Users",),
    ),
    Case(
        name="a table that differs stops a setup before it creates",
        drifted=True,
        error="SCHEMA_VALIDATION_FAILED",
        says=("osem-dev-Users",),
        remedy="db.verify",
        account=account(Failed=("Users",), NotAttempted=REST),
    ),
]

# --- a control plane that refuses or is slow -----------------------------------------------------
THROTTLED = ("ThrottlingException", "Rate exceeded")
DENIED = ("AccessDeniedException", "User u is not authorized to perform: dynamodb:")
AT_PLANS = account(
    Verified=("Users",),
    Created=("Teams",),
    Failed=("AssessmentPlans",),
    NotAttempted=("Assessments", "AssessmentReports", "ConfigVersions"),
)
IMPATIENT = ("db.setup", "--env", "dev", "--timeout", "1")
SIMULTANEOUS = "Subscriber limit exceeded: Only 10 tables can be created simultaneously"
PLANE_CASES = [
    Case(
        name="CreateTable throttled for a while",
        faults=(refused("CreateTable", *THROTTLED, times=4, after=1),),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="CreateTable throttled for ever",
        argv=IMPATIENT,
        faults=(refused("CreateTable", *THROTTLED, table="Plans"),),
        error="THROTTLED",
        exit=2,
        says=("osem-dev-AssessmentPlans", "Rate exceeded"),
        account=AT_PLANS,
    ),
    Case(
        name="DescribeTable throttled for a while",
        faults=(refused("DescribeTable", *THROTTLED, times=19),),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="DescribeTable throttled for ever",
        argv=IMPATIENT,
        faults=(refused("DescribeTable", *THROTTLED),),
        error="THROTTLED",
        account=NO_CHANGE,
    ),
    Case(
        name="500s for a while",
        faults=(
            refused("DescribeTable", "InternalServerError", status=500, times=2),
            refused("CreateTable", "InternalServerError", status=500, times=2),
        ),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="500s for ever",
        faults=(refused("CreateTable", "InternalServerError", status=500, table="Plans"),),
        error="NETWORK_ERROR",
        exit=2,
        says=("osem-dev-AssessmentPlans",),
        account=AT_PLANS,
    ),
    Case(
        name="a limit on simultaneous creates",
        plane=Plane(creating=0.1, simultaneous=2),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="a limit on simultaneous creates that never ends",
        argv=IMPATIENT,
        faults=(refused("CreateTable", "LimitExceededException", SIMULTANEOUS, table="Plans"),),
        error="TABLE_LIMIT_EXCEEDED",
        exit=2,
        says=("simultaneously",),
        account=AT_PLANS,
    ),
    Case(
        name="the quota on tables is reached half-way",
        plane=Plane(quota=1),
        error="TABLE_LIMIT_EXCEEDED",
        exit=2,
        says=("2500 tables", "osem-dev-AssessmentPlans"),
        account=AT_PLANS,
    ),
    Case(
        name="the quota on tables is reached at once",
        plane=Plane(quota=0),
        error="TABLE_LIMIT_EXCEEDED",
        says=("2500 tables", "osem-dev-Teams"),
        account=account(Verified=("Users",), Failed=("Teams",), NotAttempted=SIX[2:]),
    ),
    Case(
        name="CreateTable denied",
        faults=(refused("CreateTable", *DENIED, table="Plans"),),
        error="AWS_PERMISSIONS_DENIED",
        exit=2,
        says=("dynamodb:", "osem-dev-AssessmentPlans"),
        remedy="permission",
        account=AT_PLANS,
    ),
    Case(
        name="DescribeTable denied",
        faults=(refused("DescribeTable", *DENIED),),
        error="AWS_PERMISSIONS_DENIED",
        account=NO_CHANGE,
    ),
    Case(
        name="ListTagsOfResource denied",
        faults=(refused("ListTagsOfResource", *DENIED),),
        error="AWS_PERMISSIONS_DENIED",
        account=NO_CHANGE,
    ),
    Case(
        name="UpdateContinuousBackups denied",
        argv=PROD,
        faults=(refused("UpdateContinuousBackups", *DENIED),),
        error="AWS_PERMISSIONS_DENIED",
        exit=2,
        says=("osem-prod-Teams",),
        account=ALL_WELL,
    ),
    Case(
        name="STS denied",
        faults=(refused("GetCallerIdentity", "AccessDenied", "explicit deny", status=403),),
        error="AWS_PERMISSIONS_DENIED",
        says=("explicit deny",),
    ),
    Case(
        name="STS throttled",
        faults=(refused("GetCallerIdentity", "Throttling", status=400),),
        error="THROTTLED",
    ),
    Case(
        name="DynamoDB says what nobody knows",
        faults=(refused("CreateTable", "BrandNewException", table="Teams"),),
        error="UNKNOWN_ERROR",
        says=("BrandNewException", "osem-dev-Teams"),
        remedy="--verbose",
    ),
    Case(
        name="the deadline passes while tables are CREATING",
        argv=IMPATIENT,
        plane=Plane(creating=math.inf),
        error="TIMEOUT",
        exit=2,
        says=("osem-dev-Teams", "osem-dev-ConfigVersions"),
        remedy="--timeout",
        account=ALL_WELL,
    ),
    Case(
        name="the deadline passes on a table found UPDATING",
        argv=IMPATIENT,
        plane=Plane(updating=math.inf),
        marked="UPDATING",
        error="TIMEOUT",
        says=("osem-dev-Users",),
        remedy="--timeout",
        account=NO_CHANGE,
    ),
    Case(
        name="a table accepted and never seen",
        plane=Plane(creating=0.05, unseen=10**6),
        error="TABLE_NOT_FOUND",
        exit=2,
        says=("osem-dev-Teams",),
        account=ALL_WELL,
    ),
]

# --- a network that loses, cuts and hangs ----------------------------------------------------------
ONCE = {"times": 1, "table": "Plans"}
NETWORK_CASES = [
    *(
        Case(
            name=f"CreateTable once: {kind}",
            faults=(Fault("CreateTable", kind, **ONCE),),  # type: ignore[arg-type]
            error=OK,
            exit=0,
            account=ALL_WELL,
        )
        for kind in ("reset", "lose", "cut", "empty", "short", "hang", "hang after")
    ),
    Case(
        name="CreateTable reset for ever",
        faults=(Fault("CreateTable", "reset", table="Plans"),),
        error="NETWORK_ERROR",
        exit=2,
        says=("osem-dev-AssessmentPlans",),
        account=AT_PLANS,
    ),
    Case(
        name="CreateTable hangs for ever",
        faults=(Fault("CreateTable", "hang", table="Plans"),),
        error="TIMEOUT",
        exit=2,
        says=("osem-dev-AssessmentPlans",),
        account=AT_PLANS,
    ),
    Case(
        name="DescribeTable reset for ever",
        faults=(Fault("DescribeTable", "reset"),),
        error="NETWORK_ERROR",
        account=NO_CHANGE,
    ),
    Case(
        name="DescribeTable hangs for ever",
        faults=(Fault("DescribeTable", "hang"),),
        error="TIMEOUT",
        account=NO_CHANGE,
    ),
    *(
        Case(
            name=f"{operation} cut short for ever: {kind}",
            argv=PROD,
            faults=(Fault(operation, kind),),
            error="NETWORK_ERROR",
            account=NO_CHANGE,
        )
        for operation in ("DescribeTable", "ListTagsOfResource", "DescribeContinuousBackups")
        for kind in ("cut", "empty")
    ),
    Case(
        name="DescribeTable shorter than announced",
        faults=(Fault("DescribeTable", "short"),),
        error="NETWORK_ERROR",
        account=NO_CHANGE,
    ),
    Case(name="STS hangs", faults=(Fault("GetCallerIdentity", "hang"),), error="TIMEOUT"),
    Case(name="STS reset", faults=(Fault("GetCallerIdentity", "reset"),), error="NETWORK_ERROR"),
    Case(name="STS cut short", faults=(Fault("GetCallerIdentity", "cut"),), error="NETWORK_ERROR"),
    Case(
        name="DescribeTable reset once",
        faults=(Fault("DescribeTable", "reset", times=1),),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="UpdateContinuousBackups loses its answer",
        argv=PROD,
        faults=(Fault("UpdateContinuousBackups", "lose", times=1),),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="backups of a new table come late",
        argv=PROD,
        plane=Plane(backups=2),
        error=OK,
        exit=0,
        account=ALL_WELL,
    ),
    Case(
        name="a gateway's error page",
        faults=(Fault("GetCallerIdentity", code="502", status=502),),
        error="NETWORK_ERROR",
    ),
]

# --- engines on this machine, and Docker -------------------------------------------------------------
UP = ("local.up", "--engine", "docker", "--name", "osem-fault")
DOCKER = {"DOCKER_HOST": "tcp://{docker}"}
UNAVAILABLE = "ENGINE_UNAVAILABLE"


def _docker(name: str, routes: Routes, error: str = UNAVAILABLE, **more: Any) -> Case:
    return Case(name=name, argv=UP, error=error, variables=DOCKER, routes=routes, **more)


def _said(status: int, message: str) -> tuple[int, Any]:
    return status, {"message": message}


MOTO = ("local.up", "--engine", "moto", "--name", "osem-fault")
IMAGE_GONE = {"GET .*/images/.*/json": _said(404, "No such image")}
ENGINE_CASES = [
    Case(
        name="no Docker socket",
        argv=UP,
        error=UNAVAILABLE,
        variables={"DOCKER_HOST": "unix:///nowhere.sock"},
        says=("/nowhere.sock",),
        remedy="--engine moto",
    ),
    Case(
        name="no Docker at its port",
        argv=UP,
        error=UNAVAILABLE,
        variables={"DOCKER_HOST": "tcp://{closed_host}"},
        says=("nothing answers",),
        remedy="Start Docker",
    ),
    _docker("Docker hangs", {"GET /version": (0, "")}, says=("in time",), remedy="Restart"),
    _docker("Docker is broken", {"GET /version": _said(500, "daemon is broken")}),
    _docker(
        "the image cannot be found",
        {**IMAGE_GONE, "POST .*/images/create": _said(404, "manifest unknown")},
        "IMAGE_NOT_FOUND",
        says=("manifest unknown",),
        remedy="docker pull",
    ),
    _docker(
        "the registry is out of reach",
        {**IMAGE_GONE, "POST .*/images/create": _said(500, "dial tcp: lookup registry: no host")},
        "IMAGE_NOT_FOUND",
        says=("lookup registry",),
        remedy="--engine moto",
    ),
    _docker(
        "the registry's rate limit, inside a pull that seems well",
        {
            **IMAGE_GONE,
            "POST .*/images/create": (200, [{"error": "toomanyrequests: rate limit"}]),
        },
        "IMAGE_NOT_FOUND",
        says=("toomanyrequests",),
    ),
    _docker(
        "the port is another container's",
        {"POST .*/containers/.*/start": _said(500, "Bind failed: port is already allocated")},
        "PORT_IN_USE",
        says=("8123",),
        remedy="--port 0",
    ),
    _docker(
        "the disk is full",
        {"POST .*/containers/create": _said(500, "no space left on device")},
        says=("no space left",),
    ),
    _docker(
        "the container's name is somebody's",
        {"GET .*/containers/osem-fault/json": (200, {**CONTAINER, "State": {"Status": "running"}})},
        says=("was not created by osem_tasks",),
        remedy="--name",
    ),
    _docker("the container ends at once", {}, says=("ended (exited)",), remedy="--engine moto"),
    Case(
        name="moto's port is taken",
        argv=(*MOTO, "--port", "{port}"),
        error="PORT_IN_USE",
        says=("{port}",),
        remedy="--port 0",
    ),
    Case(
        name="moto ends at once",
        argv=(*MOTO, "--port", "0"),
        variables={"PYTHONPATH": "{home}"},
        files={
            "moto/__init__.py": "",
            "moto/server.py": "raise SystemExit('the words of the log')",
        },
        error=UNAVAILABLE,
        says=("the words of the log",),
        remedy="pip install",
    ),
    Case(
        name="moto never answers",
        argv=(*MOTO, "--port", "0", "--timeout", "1"),
        variables={"PYTHONPATH": "{home}"},
        files={"moto/__init__.py": "", "moto/server.py": "import time\ntime.sleep(60)"},
        error=UNAVAILABLE,
        says=("within 1 s",),
        remedy="inv local.up",
    ),
    Case(
        name="an engine of another kind",
        argv=("local.up", "--engine", "oracle"),
        error=CONFIGURATION,
        says=("oracle",),
    ),
    Case(
        name="a port that is none",
        argv=("local.up",),
        variables={"OSEM_LOCAL_PORT": "80000"},
        error=CONFIGURATION,
        says=("OSEM_LOCAL_PORT", "80000"),
    ),
    Case(
        name="no state directory can be made",
        argv=("local.up",),
        variables={"OSEM_STATE_DIR": "/dev/null/state"},
        error=CONFIGURATION,
        says=("/dev/null/state",),
        remedy="OSEM_STATE_DIR",
    ),
    Case(
        name="no engine whose log could be read",
        argv=("local.logs", "--name", "osem-fault"),
        error="ENGINE_NOT_RUNNING",
        remedy="inv local.up",
    ),
    Case(
        name="no engine at the endpoint",
        argv=("db.setup", "--endpoint", "{closed}"),
        error="ENGINE_NOT_RUNNING",
        says=("{closed}",),
        remedy="inv local.up",
    ),
    Case(
        name="an engine that hangs",
        argv=("db.setup", "--endpoint", "{url}"),
        role="moto",
        faults=(Fault("*", "hang"),),
        error="TIMEOUT",
        says=("{url}",),
        account=NO_CHANGE,
    ),
    Case(
        name="an engine that dies half-way",
        argv=("db.setup", "--endpoint", "{url}"),
        role="moto",
        faults=(Fault("CreateTable", "reset", after=2), Fault("DescribeTable", "reset", after=9)),
        error="NETWORK_ERROR",
        exit=2,
        says=("{url}",),
        account=account(
            Verified=("Users",),
            Created=("Teams", "AssessmentPlans"),
            Failed=("Assessments",),
            NotAttempted=("AssessmentReports", "ConfigVersions"),
        ),
    ),
]

CASES = [
    *CREDENTIAL_CASES,
    *REGION_CASES,
    *ENDPOINT_CASES,
    *PLANE_CASES,
    *NETWORK_CASES,
    *ENGINE_CASES,
]
