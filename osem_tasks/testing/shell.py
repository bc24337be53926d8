"""What of a user's shell would lead an application's clients away from a test's database."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

# A profile's keys win over variables, and a certificate is for the AWS of a company's proxy.
REMOVED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CA_BUNDLE",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NO_PROXY = ("no_proxy", "NO_PROXY")


def undisturbed(endpoint: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make clients ignore the AWS files, and the proxy at ``endpoint``.

    ``variables`` are the shell's.
    """
    found = {
        # A profile in a file can ignore endpoints, and a broken file stops every client.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
    }
    if any(variables.get(name) or variables.get(name.lower()) for name in _PROXIES):
        before = next((variables[name] for name in _NO_PROXY if variables.get(name)), "")
        hosts = ",".join(filter(None, [before, urlsplit(endpoint).hostname]))
        found |= dict.fromkeys(_NO_PROXY, hosts)
    return found
