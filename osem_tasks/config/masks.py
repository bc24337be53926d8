"""Reads ``osem.mask`` and the masking key; ``data.rules`` says what the rules mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from osem_tasks.config import secrets
from osem_tasks.errors import ConfigurationError
from osem_tasks.schema.quoting import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY_VARIABLE = "OSEM_MASK_KEY"
# A shorter key could be guessed, and every masked value with it.
SHORTEST_KEY = 16
_NEW_KEY = "openssl rand -hex 32"
REMEDY = (
    f"(umask 077; {_NEW_KEY} > .osem-mask-key)   and set osem.mask_key: .osem-mask-key (out of "
    f"version control), or {KEY_VARIABLE} to the key itself"
)
_WANTED = "must map attribute paths to rules, such as email: hash"
Rules = tuple[tuple[str, str], ...]


def declared(given: object) -> tuple[dict[str, Rules], list[str]]:
    """Return the pairs of path and rule by table, and what is wrong with ``given``.

    A table's rules are a mapping, or a list of mappings: Invoke takes two keys of a mapping for
    one variable if they differ in case or in ``.`` and ``_`` only. YAML's ``null`` is the rule of
    this name.
    """
    if not isinstance(given, Mapping):
        return {}, [f"mask must map tables to rules, not {shown(given)}"]
    found: dict[str, Rules] = {}
    problems = []
    for table, rules in given.items():
        listed = rules if isinstance(rules, (list, tuple)) else [rules]
        if not listed or not all(isinstance(part, Mapping) and part for part in listed):
            problems.append(f"mask.{table} {_WANTED}, not {shown(rules)}")
            continue
        pairs = [pair for part in listed for pair in part.items()]
        problems += [f"mask.{table}.{problem}" for problem in _pair_problems(pairs)]
        found[str(table)] = tuple((str(path), _word(rule)) for path, rule in pairs)
    return found, problems


def _pair_problems(pairs: list[tuple[object, object]]) -> Iterator[str]:
    for path, rule in pairs:
        if not isinstance(path, str):
            yield f"{path}: the path must be a string; put it in quotes"
        elif rule is not None and not isinstance(rule, str):
            yield f"{path} must be a rule such as hash, not {shown(rule)}"


def _word(rule: object) -> str:
    return "null" if rule is None else str(rule)


def key(file: str, variables: Mapping[str, str]) -> bytes | None:
    """Return the masking key of ``OSEM_MASK_KEY``, or of ``file``; None without both.

    Output never shows it. Raises ConfigurationError.
    """
    text, source = variables.get(KEY_VARIABLE, "").strip(), KEY_VARIABLE
    if not text and file:
        text, source = _read(Path(file)), "the file of osem.mask_key"
    elif not text:
        return None
    secrets.learn(text)
    if len(text) < SHORTEST_KEY:
        raise ConfigurationError(
            [f"{source} holds {len(text)} characters; a key has {SHORTEST_KEY} or more"],
            remediation=f"{_NEW_KEY}   prints a good one",
        )
    return text.encode("utf-8", "surrogateescape")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        # Somebody may have written the key itself in place of the file's name.
        secrets.learn(file.name)
        raise ConfigurationError(
            [f"osem.mask_key names a file in {file.parent} that cannot be read: {why}"],
            remediation=REMEDY,
        ) from error
