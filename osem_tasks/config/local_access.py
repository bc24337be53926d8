"""The address, dummy keys and variables for access to a local engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
DEFAULT_ENDPOINT = f"http://{LOOPBACK}:8000"
DEFAULT_REGION = "us-east-1"
# The account in the ARNs of local engines.
LOCAL_ACCOUNT = "000000000000"
# DynamoDB Local accepts only letters and digits in an access key; it ignores the secret.
ACCESS_KEY = "osemlocal"
SECRET_KEY = "osemlocal"  # noqa: S105  a fixed dummy, printed by local.env
# Variables with which a client fails, or reaches another place, although its endpoint, keys and
# region are set. Their valid values change nothing on a local engine.
DISTURBING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CA_BUNDLE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_DEFAULTS_MODE",
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "AWS_ENDPOINT_DISCOVERY_ENABLED",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "AWS_CSM_ENABLED",
    "AWS_CSM_PORT",
    "AWS_DATA_PATH",
)
# Variables that name a proxy, in lower case: clients read both spellings.
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_NO_PROXY = ("no_proxy", "NO_PROXY")


def variables(
    endpoint: str,
    region: str = DEFAULT_REGION,
    access_key: str = ACCESS_KEY,
    secret_key: str = SECRET_KEY,
) -> dict[str, str]:
    """Return the variables with which any AWS client uses the engine at ``endpoint``."""
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def undisturbed(endpoint: str, shell: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep the rest of a shell away from clients of ``endpoint``.

    No proxy stands before the engine, and no file of the AWS configuration is read. The
    variables in ``DISTURBING`` must be removed as well.
    """
    return {
        **without_proxy(endpoint, shell),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def is_proxied(shell: Mapping[str, str]) -> bool:
    """Return whether clients of this shell use a proxy."""
    return any(value for name, value in shell.items() if name.lower() in PROXIES)


def without_proxy(endpoint: str, shell: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep a shell's proxy away from ``endpoint``.

    The hosts that the shell excludes already stay excluded.
    """
    host, hosts = urlsplit(endpoint).hostname or LOOPBACK, _excluded(shell)
    if not is_excluded(host, shell):
        hosts.append(host)
    return dict.fromkeys(_NO_PROXY, ",".join(hosts))


def is_excluded(host: str, shell: Mapping[str, str]) -> bool:
    """Return whether clients of this shell reach ``host`` without its proxy."""
    hosts = _excluded(shell)
    return host in hosts or "*" in hosts


def _excluded(shell: Mapping[str, str]) -> list[str]:
    # Clients read one of the two spellings; most prefer the first.
    present = next((shell[name] for name in _NO_PROXY if shell.get(name)), "")
    words = (word.strip() for word in present.split(","))
    # A word with a space or a control character is no host, and cannot be written everywhere.
    return [word for word in words if word and word.isprintable() and " " not in word]
