"""Sessions and clients: one policy for retries, timeouts and connections."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from osem_tasks import __version__
from osem_tasks.aws import calls, errors
from osem_tasks.config import secrets
from osem_tasks.config.local_access import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY
from osem_tasks.waiting import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from boto3.session import Session
    from botocore.config import Config
    from botocore.credentials import ReadOnlyCredentials
    from mypy_boto3_dynamodb import DynamoDBClient

    from osem_tasks.config.target import Target

# Enough for a passing 500 or a dropped connection. Throttling goes on being retried
# above, up to the task's deadline, where the progress can be shown.
ATTEMPTS = 3
# Tables that are read, or waited for, at the same time; also the size of the pool of
# connections, because more threads than connections make urllib3 discard them.
PARALLEL = 10


@dataclass
class Connection:
    """A session with the region it resolved to, and the target it is for.

    ``keys`` are credentials as ``Session.client`` takes them, where they are not the
    session's own.
    """

    session: Session
    region: str
    target: Target
    keys: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """A client whose calls are safe to repeat. Raises OsemError."""
        return self._client(ATTEMPTS)

    @cached_property
    def dynamodb_once(self) -> DynamoDBClient:
        """A client that sends each call once: after a lost answer, reading tells the truth.

        A CreateTable that botocore repeats after a dropped connection is answered by
        ResourceInUseException, and nobody knows any more who created the table.
        """
        return self._client(1)

    def credentials(self) -> ReadOnlyCredentials | None:
        """The session's credentials as they are now, known to the redactor from here on.

        What a profile needs to get them is done here: a process, a role, SSO. Raises what
        botocore raises.
        """
        found = self.session.get_credentials()
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
        secrets.learn(frozen.secret_key, frozen.token)
        return frozen

    def learn_keys(self, **_: Any) -> None:
        """Register the keys of a request that has just been signed: a hook of botocore."""
        self.credentials()

    def _client(self, attempts: int) -> DynamoDBClient:
        # A variable is left to the SDK, which reads it by the same rules for every service.
        explicit = self.target.local or self.target.source == "--endpoint"
        with errors.translated("connecting", self.target):
            return self.session.client(
                "dynamodb",
                region_name=self.region,
                endpoint_url=self.target.endpoint if explicit else None,
                config=client_config(local=self.target.local, attempts=attempts),
                **self.keys,
            )


def connect(target: Target, tell: Callable[[str], None]) -> Connection:
    """A session for ``target``: dummy keys on a local engine, the default chain on AWS.

    ``tell`` gets a line for every call that is made; the keys of every call become known to
    the redactor, so that no answer tells them. Raises OsemError.
    """
    with errors.translated("reading the AWS configuration", target):
        connection = _local(target) if target.local else _aws(target)
    calls.observe(connection.session, tell)
    if not target.local:
        # For keys that are renewed half-way. Not for STS: a call for new keys by botocore
        # itself must not wait for its own answer.
        connection.session.events.register("before-send.dynamodb.*", connection.learn_keys)
    return connection


def client_config(*, local: bool, attempts: int = ATTEMPTS) -> Config:
    """botocore's settings, pinned: nothing here is left to a default that may move."""
    from botocore.config import Config

    options: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": attempts},
        "connect_timeout": policy.current().connect,
        "read_timeout": policy.current().read,
        "max_pool_connections": PARALLEL,
        "user_agent_extra": f"osem-tasks/{__version__}",
    }
    if local:
        # A company's proxy has no way to this machine's loopback.
        options["proxies"] = {}
    return Config(**options)


def _aws(target: Target) -> Connection:
    import boto3

    session = boto3.Session(profile_name=target.profile, region_name=target.region)
    region: str | None = session.region_name
    if region is None:
        # The session too must know the default: one that assumes a role asks STS by itself.
        session = boto3.Session(profile_name=target.profile, region_name=DEFAULT_REGION)
    return Connection(session, session.region_name, target)


def local_session(region: str) -> Session:
    """A session with the dummy keys of a local engine.

    It has no profile of any kind: one that is missing is no reason to stop local work.
    """
    import boto3
    import botocore.session

    return boto3.Session(
        botocore_session=botocore.session.Session(
            session_vars={"profile": (None, None, None, None)}
        ),
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=region,
    )


def _local(target: Target) -> Connection:
    region = target.region or _profile_region(target.profile) or DEFAULT_REGION
    return Connection(local_session(region), region, target)


def _profile_region(profile: str | None) -> str | None:
    """The profile's region. A broken AWS configuration is no reason to stop local work."""
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        session = botocore.session.Session(profile=profile or os.environ.get("AWS_PROFILE"))
        region: str | None = session.get_config_variable("region")
    except BotoCoreError:
        return None
    return region
