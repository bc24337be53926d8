"""Where the files of the AWS configuration are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLES = (
    ("AWS_CONFIG_FILE", "~/.aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
)


def paths(variables: Mapping[str, str]) -> list[Path]:
    """Return the paths of the configuration and of the credentials, whether they exist or not."""
    found = [variables.get(name) or usual for name, usual in _VARIABLES]
    return [Path(os.path.expanduser(path)) for path in found]  # noqa: PTH111  Path raises without a home
