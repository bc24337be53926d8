"""What botocore reads and computes anew for every session, done once per process.

Its data files are as they were installed, and the same for every session; yet to parse them is
more than half of what a test of a task costs. A process that is forked has them already.
"""

from __future__ import annotations

import functools
import gc
from typing import Any, ClassVar

import botocore.session
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader


class InstalledFiles(JSONFileLoader):
    """A loader of JSON files that parses those of botocore's installation once."""

    def load_file(self, file_path: str) -> Any:
        """Return the content of a file, or None if it is missing."""
        if file_path.startswith(Loader.BUILTIN_DATA_PATH):
            return _installed(file_path)
        return super().load_file(file_path)


@functools.cache
def _installed(path: str) -> Any:
    return JSONFileLoader().load_file(path)


class KnownEvents(EventAliaser):
    """Hooks of a session, whose events have the names that other sessions found for them."""

    _known: ClassVar[dict[str, str]] = {}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._alias_name_cache = self._known


def share() -> None:
    """From now on, have the sessions of this process share what they read."""
    Loader.FILE_LOADER_CLASS = InstalledFiles
    vars(botocore.session)["EventAliaser"] = KnownEvents


def warm() -> None:
    """Read what a client of DynamoDB and one of STS need, for the processes forked from this one.

    No thread is started, and nothing of the environment is kept.
    """
    share()
    session = botocore.session.Session()
    for service in ("dynamodb", "sts"):
        session.create_client(
            service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
    gc.collect()
    gc.freeze()
