"""Names of images: their registry, and whether two of them mean the same image. Pure.

Docker keeps a name as it was typed; Podman completes it, with ``docker.io/`` or, for an image
that was built or loaded on the machine, ``localhost/``.
"""

from __future__ import annotations

HUB = "docker.io"
_LOCAL = "localhost"
_HUB_NAMES = (HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
_OFFICIAL = "library"
# AWS publishes DynamoDB Local in two places.
_MIRRORS = {"amazon/dynamodb-local": "public.ecr.aws/aws-dynamodb-local/aws-dynamodb-local"}


def registry_of(image: str) -> str:
    """Return the registry of ``image``: ``docker.io`` for a name without one."""
    first, slash, _ = image.partition("/")
    is_registry = slash and (first == _LOCAL or "." in first or ":" in first)
    return first if is_registry and first not in _HUB_NAMES else HUB


def familiar(image: str) -> str:
    """Return ``image`` as Docker shows it: without Docker Hub, and with a tag."""
    first, slash, rest = image.partition("/")
    name = rest if slash and first in (*_HUB_NAMES, _LOCAL) else image
    name = name.removeprefix(f"{_OFFICIAL}/")
    last = name.rpartition("/")[2]
    return name if ":" in last or "@" in last else f"{name}:latest"


def same(one: str, other: str) -> bool:
    """Return whether two names mean the same image."""
    return familiar(one) == familiar(other)


def qualified(image: str) -> str:
    """Return ``image`` with its registry, so that no engine has to look for one."""
    first, slash, rest = image.partition("/")
    if slash and (registry_of(image) != HUB or first in _HUB_NAMES):
        return image
    return f"{HUB}/{image}" if slash and rest else f"{HUB}/{_OFFICIAL}/{image}"


def mirror_of(image: str) -> str:
    """Return the same image in AWS's own public registry; empty if there is none known."""
    if registry_of(image) != HUB:
        return ""
    name, colon, tag = familiar(image).partition(":")
    mirror = _MIRRORS.get(name)
    return f"{mirror}{colon}{tag}" if mirror else ""
