"""How live tables are named: which part of their names is the environment's. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from osem_tasks.config.naming import ENV, TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence


def naming_of(names: Sequence[str], environment: str) -> dict[str, str]:
    """Return the setting that gives all ``names``; empty if the environment is in none of them.

    ``shop-dev-Orders`` and ``shop-dev-Carts`` give ``prefix: shop-{env}-``, ``Orders-dev`` gives
    ``table_name: {table}-{env}``.
    """
    part = rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])"
    before = re.match(rf"(?P<first>.*?){part}[-_.]+", names[0])
    if before and all(_has_rest(name, before[0], "") for name in names):
        return {"prefix": _general(before[0], len(before["first"]), environment)}
    after = re.search(rf"[-_.]+{part}[A-Za-z0-9_.-]*$", names[0])
    if after and all(_has_rest(name, "", after[0]) for name in names):
        start = after[0].index(environment)
        return {"table_name": f"{TABLE}{_general(after[0], start, environment)}"}
    return {}


def _has_rest(name: str, before: str, after: str) -> bool:
    fits = name.startswith(before) and name.endswith(after)
    return fits and len(name) > len(before) + len(after)


def _general(text: str, start: int, environment: str) -> str:
    return f"{text[:start]}{ENV}{text[start + len(environment) :]}"
