"""Sees where the DynamoDB calls of this process go, whichever session makes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from osem_tasks.config.endpoints import is_aws, same_place

if TYPE_CHECKING:
    from collections.abc import Mapping

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/([^/,\s]+)/")
# The key that moto's mock_aws puts into the environment.
_MOTO_KEY = "FOOBARKEY"
REMEDY = "or give all keys one database: --dynamodb-isolation prefix"


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls should go. An empty ``access_key`` or ``region`` allows any."""

    endpoint: str
    access_key: str = field(default="", repr=False)
    region: str = ""


class Watch:
    """Collects the calls that miss ``place``, as sentences; without a place it collects none.

    It sees every session that is created after ``begin``, and boto3's default session.
    """

    def __init__(self) -> None:
        self.place: Place | None = None
        self.strays: dict[str, None] = {}
        self._begun = False

    def begin(self) -> None:
        """Watch the sessions that are created from now on."""
        from botocore import handlers

        if not self._begun:
            self._begun = True
            # First: a mock that answers a call hides it from those behind.
            # No mypy: botocore's stubs leave the list out.
            builtin: list[tuple[Any, ...]] = vars(handlers)["BUILTIN_HANDLERS"]
            builtin.append(("before-send.dynamodb", self._see, handlers.REGISTER_FIRST))

    def end(self) -> None:
        """Leave the sessions that are created from now on alone."""
        from botocore import handlers

        if self._begun:
            self._begun = False
            builtin: list[tuple[Any, ...]] = vars(handlers)["BUILTIN_HANDLERS"]
            builtin[:] = [entry for entry in builtin if entry[1] != self._see]

    def forget_other_keys(self) -> None:
        """Drop boto3's default session if its keys are not those of the place.

        A test that sets other keys would otherwise leave them to all later tests.
        """
        import boto3
        from botocore.exceptions import BotoCoreError

        session = boto3.DEFAULT_SESSION
        if session is None or self.place is None or not self.place.access_key:
            return
        try:
            found = session.get_credentials()
        except BotoCoreError:
            found = None
        if found is None or found.access_key != self.place.access_key:
            boto3.DEFAULT_SESSION = None

    def check_variables(self, variables: Mapping[str, str]) -> None:
        """Judge the variables too: a process that a test starts makes calls that are not seen."""
        key = variables.get("AWS_ACCESS_KEY_ID", "")
        if self.place and (text := missed(self.place, self.place.endpoint, key, self.place.region)):
            self.strays[text] = None

    def _see(self, request: Any, **_: Any) -> None:
        if self.place is None:
            return
        authorization = request.headers.get("Authorization", b"")
        if isinstance(authorization, bytes):
            authorization = authorization.decode("latin-1")
        found = _CREDENTIAL.search(authorization)
        key, region = found.groups() if found else ("", "")
        if text := missed(self.place, str(request.url), key, region):
            self.strays[text] = None


def missed(place: Place, url: str, key: str, region: str) -> str:
    """Return what is wrong with a call to ``url`` by ``key`` in ``region``; empty if nothing is.

    Calls to other servers that are not AWS are not judged.
    """
    if is_aws(url):
        parts = urlsplit(url)
        answered = " (moto's mock_aws is active)" if key == _MOTO_KEY else ""
        return (
            f"calls went to {parts.scheme}://{parts.hostname}{answered} instead of the tests' engine "
            f"at {place.endpoint}: use dynamodb_environ, create clients after it, and leave "
            "mock_aws out"
        )
    if not same_place(place.endpoint, url):
        return ""
    if place.access_key and key != place.access_key:
        cause = "moto's mock_aws sets one" if key == _MOTO_KEY else "the code or a fixture sets one"
        return (
            f"calls to {place.endpoint} used another access key than the test's database has "
            f"({cause}), and every key sees a database of its own: leave that key out, {REMEDY}"
        )
    if place.region and region != place.region:
        return (
            f"calls to {place.endpoint} used region {region}, and the test's database is in "
            f"{place.region}: every region has tables of its own, so use that one, as the "
            "variables of dynamodb_environ do"
        )
    return ""
