"""Names of exported resources, which must be unique and may hold fewer characters than tables'."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def resource_names(names: Iterable[str], spell: Callable[[str], str], limit: int) -> dict[str, str]:
    """Return a unique resource name of at most ``limit`` characters for every table name.

    ``spell`` writes a table's name in the target's alphabet, and may give one result for two
    names. The first table of a result gets it as it is; the others get a suffix made from
    their own name, so that a further table renames no resource.
    """
    made: dict[str, str] = {}
    for name in names:
        plain = spell(name)[:limit]
        suffix = hashlib.sha256(name.encode()).hexdigest()[:8]
        made[name] = plain if plain not in made.values() else f"{plain[: limit - 8]}{suffix}"
    return made
