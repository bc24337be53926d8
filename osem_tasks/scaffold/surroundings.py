"""What stands around a new project: its name, its repository, templates, this package's origin."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from osem_tasks import __version__
from osem_tasks.config import distribution
from osem_tasks.declarations.limits import MAX_BYTES
from osem_tasks.declarations.parsing import beginning

if TYPE_CHECKING:
    from pathlib import Path

EXTRAS = f"{distribution.NAME}[moto,test]"
NO_NAME = "app"
_LONGEST_NAME = 40
# Where tools leave what declares tables.
TEMPLATES = (
    "template.yaml",
    "template.yml",
    "template.json",
    "*.template",
    "serverless.yml",
    "serverless.yaml",
    "serverless.json",
    "cdk.out/*.template.json",
)
# A file without these words declares no table.
_MARKS = (b"AWS::DynamoDB::", b"AWS::Serverless::SimpleTable")
_MOST = 20


@dataclass(frozen=True, slots=True)
class Requirement:
    """A line of requirements for this package; ``local`` if only this machine can reach it."""

    text: str
    local: bool = False


def project_name(folder: Path) -> str:
    """Return a folder's name in the characters of a table's name."""
    return plain_name(folder.name)[:_LONGEST_NAME].rstrip("-._") or NO_NAME


def plain_name(text: str) -> str:
    """Return ``text`` in the characters of a table's name; it may become empty."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-._")


def repository(folder: Path) -> Path | None:
    """Return the root of the Git repository that holds ``folder``, None if there is none.

    A repository of the whole home directory keeps settings, and is not a project's.
    """
    home = os.path.expanduser("~")  # noqa: PTH111  Path raises where there is no home
    for place in (folder, *folder.parents):
        if os.path.lexists(place / ".git"):
            return None if str(place) == home and place != folder else place
    return None


def templates(folder: Path) -> list[str]:
    """Return the files that seem to declare tables, relative to ``folder``."""
    try:
        found = [path for pattern in TEMPLATES for path in sorted(folder.glob(pattern))]
    except OSError:  # a folder that may not be read
        return []
    likely = [path for path in found[:_MOST] if _names_tables(path)]
    return [path.relative_to(folder).as_posix() for path in likely]


def _names_tables(path: Path) -> bool:
    try:
        content = beginning(path, MAX_BYTES)
    except OSError:
        return False
    return any(mark in content for mark in _MARKS)


def requirement() -> Requirement:
    """Return the line that installs this package from where it was installed here."""
    return of_origin(distribution.origin())


def of_origin(origin: dict[str, object]) -> Requirement:
    """Return the line for what ``direct_url.json`` says (PEP 610); empty means an index."""
    url = origin.get("url")
    if not isinstance(url, str) or not url:
        return Requirement(f"{EXTRAS}>={__version__}")
    url = _without_password(url)
    vcs = origin.get("vcs_info")
    if isinstance(vcs, dict):
        revision = vcs.get("commit_id") or vcs.get("requested_revision")
        at = f"@{revision}" if revision else ""
        url = f"{vcs.get('vcs', 'git')}+{url}{at}"
    return Requirement(f"{EXTRAS} @ {url}", local=url.startswith(("file:", "git+file:")))


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    # GitHub takes a token as the user of https; that of ssh is an account's name.
    secret = ":" in user or parts.scheme in ("http", "https")
    return urlunsplit(parts._replace(netloc=host)) if secret else url
