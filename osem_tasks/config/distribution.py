"""This package as it is installed: its name, and where it was installed from."""

from __future__ import annotations

import importlib.metadata
import json
from typing import Any

NAME = "osem-tasks"


def origin() -> dict[str, Any]:
    """Return what ``direct_url.json`` says (PEP 610); empty for an index, or if it is unknown."""
    try:
        found = importlib.metadata.distribution(NAME).read_text("direct_url.json")
        return dict(json.loads(found or "{}"))
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return {}
