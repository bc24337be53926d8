"""Credentials that are missing, partial, expired, or not ours."""

from __future__ import annotations

from hashlib import sha1

from tests.faults.cases.case import (
    ALL_WELL,
    CONFIGURATION,
    CREDENTIALS,
    KEYS,
    NO_CHANGE,
    NO_KEYS,
    OK,
    SECRET,
    TOKEN,
    Case,
    account,
    profile,
    refused,
)
from tests.support.faulty_aws import Fault

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


ROLE = "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"
HERE = "region = us-east-1\n"
CUT_ROLE = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIAFAKE</AccessKeyId>"
    f"<SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{TOKEN}</Sess"
)
CREDENTIAL_CASES = [
    Case(name="no credentials", error=CREDENTIALS, variables=NO_KEYS, remedy="aws configure"),
    Case(
        name="no credentials for an option's environment",
        error=CREDENTIALS,
        variables=NO_KEYS,
        says=("environment dev (by --env)",),
    ),
    *(
        Case(
            name=f"no credentials for the environment of {variable}",
            argv=("db.setup",),
            error=CREDENTIALS,
            variables={**NO_KEYS, variable: value},
            says=(f"environment {env} (by {variable})",),
            remedy="--env local",
        )
        for variable, value, env in (
            ("NODE_ENV", "development", "dev"),
            ("NODE_ENV", "production", "prod"),
            ("OSEM_ENV", "staging", "staging"),
        )
    ),
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
        variables=profile("sso"),
        config=SSO,
        remedy="aws sso login",
    ),
    Case(
        name="SSO expired",
        error=CREDENTIALS,
        variables=profile("sso"),
        config=SSO,
        files=_token("corp"),
        remedy="aws sso login",
    ),
    Case(
        name="legacy SSO without token",
        error=CREDENTIALS,
        variables=profile("legacy"),
        config=SSO,
        remedy="aws sso login",
    ),
    Case(
        name="legacy SSO expired",
        error=CREDENTIALS,
        variables=profile("legacy"),
        config=SSO,
        files=_token("https://corp.awsapps.com/start"),
        remedy="aws sso login",
    ),
    Case(
        name="SSO session undefined",
        error=CONFIGURATION,
        variables=profile("sso"),
        config=SSO.replace("[sso-session corp]", "[sso-session other]"),
        says=("corp",),
    ),
    Case(
        name="source profile missing",
        error=CONFIGURATION,
        variables=profile("role"),
        config="[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = gone\n",
        says=("gone",),
    ),
    Case(
        name="credential_process fails",
        error=CREDENTIALS,
        variables=profile("process"),
        config="[profile process]\ncredential_process = false\n",
        remedy="credential_process",
    ),
    Case(
        name="credential_process fails and tells its secret",
        error=CREDENTIALS,
        variables=profile("process"),
        config="[profile process]\ncredential_process = sh {home}/process\n",
        files={"process": f"echo 'cannot use {TOKEN}' >&2; exit 3\n"},
        remedy="credential_process",
    ),
    Case(
        name="credential_process gives no JSON",
        error=CONFIGURATION,
        variables=profile("process"),
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
        variables=profile("login"),
        config="[profile login]\nlogin_session = arn:aws:iam::123456789012:user/u\n",
        remedy="botocore[crt]",
    ),
    Case(
        name="role that may not be assumed",
        error="AWS_PERMISSIONS_DENIED",
        variables=profile("role"),
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
        variables=profile("role"),
        config=ROLE,
        credentials=f"[base]\n{KEYS}",
        account=ALL_WELL,
    ),
    Case(
        name="the keys of an assumed role come cut short",
        error="NETWORK_ERROR",
        variables=profile("role"),
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
