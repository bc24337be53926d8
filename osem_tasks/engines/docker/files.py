"""Read the files of the docker command: ``config.json`` and the contexts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = "config.json"
# The key of the engine in a context, and the name of the folder of its TLS files.
ENDPOINT = "docker"
# The settings that the SDK or this package reads, and their types.
_TYPES: Mapping[str, type] = {
    "auths": dict,
    "credHelpers": dict,
    "credsStore": str,
    "currentContext": str,
    "proxies": dict,
    "HttpHeaders": dict,
}
_NAMES: Mapping[type, str] = {dict: "an object", str: "a string"}


class UnusableError(Exception):
    """A file that cannot be read as JSON; the text says why."""


def folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of the docker command's files."""
    configured = environment.get("DOCKER_CONFIG")
    home = os.path.expanduser("~")  # noqa: PTH111  Path.home() raises without a home directory
    return Path(configured) if configured else Path(home) / ".docker"


def read_settings(place: Path) -> tuple[dict[str, Any], str]:
    """Return ``config.json`` and a note; the note says why the file is ignored, if it is.

    As the docker command does, an unreadable file counts as empty. Raises OsemError for
    settings of a wrong type, with which the SDK cannot work.
    """
    path = place / SETTINGS
    try:
        settings = _read(path)
    except FileNotFoundError:
        return {}, ""
    except UnusableError as error:
        return {}, f"{path} is ignored: {error}"
    problem = _wrong_type(settings) if isinstance(settings, dict) else "there is no JSON object"
    if problem:
        from osem_tasks.engines.docker import errors

        raise errors.misconfigured(f"in {path}, {problem}", _edit(path))
    return settings, ""


def read_context(meta: Path, name: str, source: str, undo: str) -> dict[str, Any]:
    """Return the Docker endpoint of context ``name``, which ``source`` selects.

    Raises OsemError if the context does not exist or ``meta``, its file, is broken.
    """
    from osem_tasks.engines.docker import errors

    named = f"the context '{name}' ({source})"
    remedy = f"{undo}   or see which contexts exist: docker context ls"
    try:
        values = _read(meta)
    except FileNotFoundError as error:
        raise errors.misconfigured(f"{named} does not exist", remedy) from error
    except UnusableError as error:
        raise errors.misconfigured(f"{named} is broken: {meta}: {error}", remedy) from error
    endpoints = values.get("Endpoints") if isinstance(values, dict) else None
    endpoint = endpoints.get(ENDPOINT) if isinstance(endpoints, dict) else None
    if not isinstance(endpoint, dict):
        why = f"{named} is broken: {meta} names no Docker endpoint"
        raise errors.misconfigured(why, remedy)
    if not isinstance(endpoint.get("Host", ""), str):
        raise errors.misconfigured(f"{named} is broken: the Host in {meta} is no string", remedy)
    return endpoint


def _read(path: Path) -> Any:
    """Return the JSON document in a file. Raises FileNotFoundError and UnusableError."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(path) from error
    except OSError as error:
        raise UnusableError(f"it cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UnusableError("it is not JSON") from error


def _wrong_type(settings: Mapping[str, Any]) -> str:
    for name, kind in _TYPES.items():
        value = settings.get(name)
        if value is not None and not isinstance(value, kind):
            return f"'{name}' is not {_NAMES[kind]}"
    for name in ("auths", "proxies"):
        for key, value in (settings.get(name) or {}).items():
            if not isinstance(value, dict):
                return f"'{name}' holds no object for '{key}'"
    return ""


def _edit(path: Path) -> str:
    return f"Correct {path}, or use another folder: export DOCKER_CONFIG=FOLDER"
