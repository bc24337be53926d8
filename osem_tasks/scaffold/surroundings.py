"""What stands around a new project: its name, its repository, templates, this package's origin."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from osem_tasks import __version__
from osem_tasks.declarations.limits import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

DISTRIBUTION = "osem-tasks"
EXTRAS = f"{DISTRIBUTION}[moto,test]"
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
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.name).strip("-._")
    return plain[:_LONGEST_NAME].rstrip("-._") or NO_NAME


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
    if not os.path.isfile(path):  # noqa: PTH113  a pipe would block
        return False
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES)
    except OSError:
        return False
    return any(mark in content for mark in _MARKS)


def requirement() -> Requirement:
    """Return the line that installs this package from where it was installed here."""
    try:
        origin = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        return of_origin(json.loads(origin or "{}"))
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return of_origin({})


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
    return urlunsplit(parts._replace(netloc=host)) if ":" in user else url
