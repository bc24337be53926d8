"""Finds out where the clients of an AWS environment really lead, and what leads them there.

The SDK resolves endpoints from variables, profiles, ``services`` sections and the region. The
result is read from the clients; only its origin is looked up here, to be named in messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.aws import errors
from osem_tasks.config.endpoints import SdkEndpoint, same_place
from osem_tasks.config.target import ENDPOINT_VARIABLES, OPTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.aws.session import Connection

# botocore's name for DynamoDB Local at http://localhost:8000, instead of a region.
LOCAL_REGION = "local"
DEFAULT_PROFILE = "default"


def real(connection: Connection, variables: Mapping[str, str]) -> list[SdkEndpoint]:
    """Return the real endpoints of DynamoDB and STS for an AWS target. Raises OsemError."""
    clients = {"dynamodb": connection.dynamodb, "sts": connection.sts}
    with errors.translated("reading the AWS configuration", connection.target):
        return [
            SdkEndpoint(
                service=service,
                url=client.meta.endpoint_url,
                by=_origin(connection, service, client.meta.endpoint_url, variables),
            )
            for service, client in clients.items()
        ]


def ignores_configured(profile: str | None) -> bool:
    """Return whether the SDK ignores configured endpoints, as a variable or the profile says."""
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        session = botocore.session.Session(profile=profile)
        return bool(session.get_config_variable("ignore_configured_endpoint_urls"))
    except (BotoCoreError, OSError, ValueError):
        return False  # connecting reports it


def _origin(connection: Connection, service: str, url: str, variables: Mapping[str, str]) -> str:
    """Return what sets ``url`` for the client of ``service``; empty if nothing does."""
    target = connection.target
    if service == "dynamodb" and target.source == OPTION:
        return OPTION
    for name in (f"AWS_ENDPOINT_URL_{service.upper()}", ENDPOINT_VARIABLES[-1]):
        if same_place(variables.get(name), url):
            return name
    if written := _setting(connection.session.profile or DEFAULT_PROFILE, service, url):
        return written
    return f"region '{connection.region}'" if connection.region == LOCAL_REGION else ""


def _setting(profile: str, service: str, url: str) -> str:
    """Return the setting of a configuration file that names ``url``; empty if none does."""
    import botocore.session

    session = botocore.session.Session(profile=profile)
    profiles = session.full_config.get("profiles", {})
    if profile not in profiles:
        return ""
    scoped = session.get_scoped_config()
    file = session.get_config_variable("config_file")
    section = str(scoped.get("services", ""))
    services = session.full_config.get("services", {}).get(section, {})
    own = services.get(service, {})
    if isinstance(own, dict) and same_place(own.get("endpoint_url"), url):
        return f"endpoint_url of services section '{section}' in {file}"
    if same_place(str(scoped.get("endpoint_url", "")), url):
        return f"endpoint_url of profile '{profile}' in {file}"
    return ""
