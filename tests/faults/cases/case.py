"""A fault as data: how it is brought about, and what must come of it.

``{url}`` is the faulty server, ``{engine}`` the engine itself, ``{closed}`` a port at which
nothing listens, ``{docker}`` the fake Docker engine, ``{home}`` a directory of the test's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osem_tasks.config.environments import BUILT_IN
from tests.support.faulty_aws import Fault, Plane, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.docker_daemon import Routes

OK = None
CREDENTIALS = "AWS_CREDENTIALS_INVALID"
CONFIGURATION = "INVALID_CONFIGURATION"
SECRET, TOKEN = "FAKESECRETkey0123456789abcdefghijklmnop", "FAKESECRETtoken0123456789"
NO_KEYS: dict[str, str | None] = {
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_SESSION_TOKEN": None,
}
KEYS = f"aws_access_key_id = AKIAFAKE\naws_secret_access_key = {SECRET}\n"
SIX = ("Users", "Teams", "AssessmentPlans", "Assessments", "AssessmentReports", "ConfigVersions")
REST = SIX[1:]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault.

    ``error`` and ``exit`` are what `inv *argv` must end with, ``says`` words of its message
    or warnings, ``remedy`` words of what to type next. ``existing`` tables, with an item in
    Users, are there before. ``account`` is what a setup must tell, by list. ``record``
    is the engine that an earlier `local.up` left. Users is shown as ``marked``, or lacks
    a tag when it has ``drifted``. ``foreign`` tables are there too, by full name, with these
    tags; ``sts_account`` is the account that an STS of its own tells.
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
    foreign: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sts_account: str = ""
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


def profile(name: str) -> dict[str, str | None]:
    """The variables of a shell that has a profile and no keys."""
    return {**NO_KEYS, "AWS_PROFILE": name}
