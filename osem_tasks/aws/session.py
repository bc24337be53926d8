"""Creates sessions and clients with one policy for retries, timeouts and connections.

The tasks use botocore alone: boto3 adds resources, which they do not need, and their load time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from osem_tasks import __version__
from osem_tasks.aws import calls, errors
from osem_tasks.config import secrets
from osem_tasks.config.local_access import ACCESS_KEY, DEFAULT_REGION, SECRET_KEY
from osem_tasks.waiting import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.config import Config
    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sts import STSClient

    from osem_tasks.config.target import Target

# Enough for a temporary 500 or a dropped connection. Callers retry throttling up to the
# task's deadline, because they can show the progress.
ATTEMPTS = 3
# How many tables are read or awaited in parallel; also the size of the connection pool,
# because urllib3 discards connections if there are more threads.
PARALLEL = 10


@dataclass
class Connection:
    """A session with its region and its target.

    ``keys`` are credentials in the form of ``Session.create_client``, if they are not the session's.
    """

    session: Session
    region: str
    target: Target
    keys: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """Return a client for calls that are safe to repeat. Raises OsemError."""
        return self._client(ATTEMPTS)

    @cached_property
    def dynamodb_once(self) -> DynamoDBClient:
        """Return a client that sends every call once: after a lost answer, read the table instead.

        If botocore repeats a CreateTable after a dropped connection, the answer is
        ResourceInUseException, and it is unknown who created the table.
        """
        return self._client(1)

    @cached_property
    def dynamodb_items(self) -> DynamoDBClient:
        """Return a client for ``aws.items``, which writes the bodies of its calls itself.

        Raises OsemError.
        """
        return self._client(ATTEMPTS, parameter_validation=False, read=policy.current().items_read)

    @cached_property
    def sts(self) -> STSClient:
        """Return a client of STS, which tells whose the credentials are. Raises OsemError."""
        with errors.translated("connecting", self.target):
            client = self.session.create_client(
                "sts", region_name=self.region, config=client_config(local=False)
            )
        return cast("STSClient", client)

    def credentials(self) -> ReadOnlyCredentials | None:
        """Return the session's current credentials, and register them with the redactor.

        This also gets a profile's credentials from a process, a role or SSO. Raises botocore's
        exceptions.
        """
        found = self.session.get_credentials()
        if found is None:
            return None
        frozen = found.get_frozen_credentials()
        secrets.learn(frozen.secret_key, frozen.token)
        return frozen

    def learn_keys(self, **_: Any) -> None:
        """Register the keys of a request that was just signed: a hook of botocore."""
        self.credentials()

    def _client(
        self, attempts: int, *, parameter_validation: bool = True, read: float | None = None
    ) -> DynamoDBClient:
        # The SDK itself reads endpoint variables, by the same rules for all services.
        explicit = self.target.local or self.target.source == "--endpoint"
        with errors.translated("connecting", self.target):
            client = self.session.create_client(
                "dynamodb",
                region_name=self.region,
                endpoint_url=self.target.endpoint if explicit else None,
                config=client_config(
                    local=self.target.local,
                    attempts=attempts,
                    parameter_validation=parameter_validation,
                    read=read,
                ),
                **self.keys,
            )
        return cast("DynamoDBClient", client)


def connect(target: Target, tell: Callable[[str], None]) -> Connection:
    """Return a session for ``target``: dummy keys on a local engine, the default chain on AWS.

    ``tell`` gets a line for every call; the redactor learns the keys of every call, so that no
    output contains them. Raises OsemError.
    """
    with errors.translated("reading the AWS configuration", target):
        connection = _local(target) if target.local else _aws(target)
    calls.observe(connection.session, tell)
    if not target.local:
        # For keys that are renewed during a run. Not for STS: a call by botocore itself to get new
        # keys would wait for its own answer.
        connection.session.register("before-send.dynamodb.*", connection.learn_keys)
    return connection


def client_config(
    *,
    local: bool,
    attempts: int = ATTEMPTS,
    parameter_validation: bool = True,
    read: float | None = None,
) -> Config:
    """Return botocore's settings, all explicit because the defaults may change.

    ``read`` is the number of seconds that an answer may take, by default the policy's.
    """
    from botocore.config import Config

    options: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": attempts},
        "connect_timeout": policy.current().connect,
        "read_timeout": policy.current().read if read is None else read,
        "parameter_validation": parameter_validation,
        "max_pool_connections": PARALLEL,
        "user_agent_extra": f"osem-tasks/{__version__}",
    }
    if local:
        # A company's proxy cannot reach this machine's loopback.
        options["proxies"] = {}
    return Config(**options)


def _aws(target: Target) -> Connection:
    import botocore.session

    session = botocore.session.Session(profile=target.profile)
    region: str | None = target.region or session.get_config_variable("region")
    # This reads the profile even where the region is known, so that a missing one is noticed here.
    session.get_component("data_loader")
    # The session also needs the region: to assume a role it calls STS itself.
    session.set_config_variable("region", region or DEFAULT_REGION)
    return Connection(session, region or DEFAULT_REGION, target)


def local_session(region: str) -> Session:
    """Return a session with the dummy keys of a local engine.

    It reads no variable and no file of the AWS configuration, and uses no proxy: a missing
    profile or a broken file must not stop local work. Only the certificates of an engine behind
    TLS come from ``AWS_CA_BUNDLE``.
    """
    import botocore.session
    from botocore.config import Config

    from osem_tasks.aws import local_data

    known = botocore.session.Session.SESSION_VARIABLES
    nowhere = {name: (None, None, default, cast) for name, (*_, default, cast) in known.items()}
    variables = {
        **nowhere,
        # Without a path the SDK reads the files of the home directory, even for a client with keys.
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
        "ca_bundle": (None, "AWS_CA_BUNDLE", None, None),
    }
    session = botocore.session.Session(session_vars=variables)
    session.register_component("data_loader", local_data.loader())
    # Also for the clients that tests get: a company's proxy cannot reach this machine's loopback.
    session.set_default_client_config(Config(proxies={}))
    session.set_credentials(ACCESS_KEY, SECRET_KEY)
    session.set_config_variable("region", region)
    return session


def _local(target: Target) -> Connection:
    region = target.region or _profile_region(target.profile) or DEFAULT_REGION
    return Connection(local_session(region), region, target)


def _profile_region(profile: str | None) -> str | None:
    """Return the profile's region. A broken AWS configuration must not stop local work."""
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        # Without the handlers of clients: only the files are read.
        session = botocore.session.Session(
            profile=profile or os.environ.get("AWS_PROFILE"), include_builtin_handlers=False
        )
        region: str | None = session.get_config_variable("region")
    except (BotoCoreError, OSError, ValueError):
        return None
    return region
