"""Finds the name that a mistyped word means. Pure."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from osem_tasks.config.near_misses import is_one_slip

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LENGTH = 60
_ALIKE = 0.6
_SHORTEST_PREFIX = 2
# What an editor or a document makes of two hyphens, and what other programs use.
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_SEPARATORS = re.compile(r"[.:/_\s-]+")


def is_option(word: str) -> bool:
    """Return whether a word is meant as an option; a typographic dash counts."""
    return len(word) > 1 and word[0] in _DASHES


def as_option(word: str) -> str:
    """Return a word in the form of an option: ``--dry-run`` for ``-dry_run`` or ``Dry-Run``."""
    return "--" + word.lstrip(_DASHES).replace("_", "-").casefold()


def meant_options(word: str, known: Iterable[str]) -> list[str]:
    """Return the nearest of the options ``known``; several if they are equally near."""
    return _nearest(as_option(word)[2:], {option[2:].casefold(): option for option in known})


def meant_tasks(word: str, known: Iterable[str]) -> list[str]:
    """Return the nearest of the task names ``known``; several if they are equally near.

    A task may be named without its group, or with another separator.
    """
    names = list(known)
    plain = _plain(word)
    same = [name for name in names if plain in (_plain(name), _plain(name.rpartition(".")[2]))]
    if same:
        return same
    group, _, leaf = plain.rpartition(".")
    members = {_plain(n.rpartition(".")[2]): n for n in names if _plain(n).startswith(f"{group}.")}
    if group and members:
        return _nearest(leaf, members)
    found = _nearest(plain, {_plain(name): name for name in names})
    if found or group:
        return found
    by_leaf: dict[str, list[str]] = {}
    for name in names:
        by_leaf.setdefault(_plain(name.rpartition(".")[2]), []).append(name)
    leaves = _nearest(plain, {leaf: leaf for leaf in by_leaf})
    return [name for leaf in leaves for name in by_leaf[leaf]]


def _plain(name: str) -> str:
    return _SEPARATORS.sub(".", name.strip(_DASHES).casefold())


def _nearest(word: str, known: dict[str, str]) -> list[str]:
    """Return the values of the nearest keys: equal, one slip away, continued, or alike."""
    word = word[:MAX_LENGTH]
    if word in known:
        return [known[word]]
    slips = [value for key, value in known.items() if is_one_slip(word, key)]
    if slips:
        return slips
    longer = [value for key, value in known.items() if key.startswith(word)]
    if longer and len(word.rpartition(".")[2]) >= _SHORTEST_PREFIX:
        return longer
    close = difflib.get_close_matches(word, known, 1, _ALIKE)
    return [known[key] for key in close]
