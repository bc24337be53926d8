"""What in this shell leads applications away from the engine, or hides its tables from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.config.commands import command
from osem_tasks.config.endpoints import same_place
from osem_tasks.config.local_access import (
    ACCESS_KEY,
    DEFAULT_REGION,
    LOOPBACK,
    PROXIES,
    is_excluded,
    is_proxied,
    without_proxy,
)
from osem_tasks.config.secrets import without_userinfo
from osem_tasks.config.target import ENDPOINT_VARIABLES, REGION_VARIABLES
from osem_tasks.findings import Finding, fine, warning

if TYPE_CHECKING:
    from osem_tasks.doctor.situation import Situation

ENDPOINT, PROXY, KEYS = "endpoint", "proxy", "key and region"


def endpoint(situation: Situation) -> list[Finding]:
    """Say whether a variable leads the shell's clients to another place than the engine."""
    found = {name: situation.variables.get(name, "") for name in ENDPOINT_VARIABLES}
    named = next((name for name, value in found.items() if value), None)
    if named is None:
        return [fine(ENDPOINT, "no variable leads elsewhere")]
    if same_place(_checked(found[named]), situation.endpoint):
        return [fine(ENDPOINT, f"{named} leads to the engine at {situation.endpoint}")]
    return [
        warning(
            ENDPOINT,
            f"{named}={without_userinfo(found[named])} leads applications, and db tasks without "
            f"local.up before them, elsewhere than to {situation.endpoint or 'the new engine'}",
            f"unset {' '.join(name for name, value in found.items() if value)}",
        )
    ]


def proxy(situation: Situation) -> list[Finding]:
    """Say whether a proxy stands between applications and the engine."""
    if not is_proxied(situation.variables):
        return [fine(PROXY, "no proxy is set")]
    if is_excluded(LOOPBACK, situation.variables):
        return [fine(PROXY, f"the proxy is not used for {LOOPBACK}")]
    hosts = without_proxy(situation.endpoint, situation.variables)["NO_PROXY"]
    names = sorted(
        name for name, value in situation.variables.items() if value and name.lower() in PROXIES
    )
    return [
        warning(
            PROXY,
            f"{', '.join(names)} also {'stands' if len(names) == 1 else 'stand'} before {LOOPBACK}: "
            "an application's requests to the "
            "engine go to the proxy",
            f"export NO_PROXY='{hosts}' no_proxy='{hosts}'",
        )
    ]


def keys(situation: Situation) -> list[Finding]:
    """Say whether an application sees the same tables as the db tasks, by its key and region.

    An engine that is not shared keeps a database per access key and region.
    """
    running = situation.running
    shared = running.shared if running else situation.request.shared
    key = situation.variables.get("AWS_ACCESS_KEY_ID")
    region = next(filter(None, map(situation.variables.get, REGION_VARIABLES)), DEFAULT_REGION)
    differing = [
        *(["AWS_ACCESS_KEY_ID"] if key and key != ACCESS_KEY else []),
        *([f"the region {region}"] if region != DEFAULT_REGION else []),
    ]
    if shared or not differing:
        return [fine(KEYS, "applications see the tables of the db tasks")]
    environment = command("local.env", "--name", situation.request.name)
    return [
        warning(
            KEYS,
            f"the engine keeps a database per access key and region, and this shell has "
            f"{' and '.join(differing)}: an application may see other tables",
            f'eval "$({environment})"',
        )
    ]


def _checked(url: str) -> str:
    """Return ``url``, or nothing if its port is no number."""
    try:
        same_place(url, url)
    except ValueError:
        return ""
    return url
