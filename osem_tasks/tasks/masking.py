"""The masks that a project declares: when they apply, the key that they need, what they met."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osem_tasks.config import masks
from osem_tasks.config.settings import remedy
from osem_tasks.errors import ConfigurationError
from osem_tasks.output.outcome import Line, Mark, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from osem_tasks.apply.run import Run
    from osem_tasks.data.mask import Masker
    from osem_tasks.data.pseudonyms import Pseudonyms
    from osem_tasks.data.rules import Masks, TableMask
    from osem_tasks.schema.model import TableSet
    from osem_tasks.tasks.job import Job

_EXAMPLE = "osem.mask: {Users: {email: fake email}}"


def declared(job: Job, tables: TableSet) -> Masks:
    """Return what ``osem.mask`` declares for the declared ``tables``. Raises ConfigurationError."""
    from osem_tasks.data import rules

    try:
        return rules.read(job.settings.mask, tables)
    except ValueError as error:
        problems = [f"osem.mask: {problem}" for problem in str(error).splitlines()]
        where = remedy(job.settings.sources.project)
        raise ConfigurationError(problems, remediation=where) from error


def maskers(
    job: Job, run: Run, *, mask: bool, unmasked: bool, repeatable: bool = False
) -> dict[str, Masker]:
    """Return what masks the items of each table of ``run``, by its full name.

    On AWS the declared masks apply unless ``unmasked``, on a local engine with ``mask``. Says which
    tables are masked. ``repeatable`` refuses masked keys that would differ at the next run. Raises
    ConfigurationError.
    """
    _check_options(job, mask=mask, unmasked=unmasked)
    if unmasked or not job.masks or not (mask or not run.target.local):
        return {}
    from osem_tasks.data.mask import Masker

    naming = run.target.naming
    found = {name: job.masks.of(naming.declared(name) or name) for name in run.tables.names}
    chosen = {name: mask for name, mask in found.items() if mask}
    made = _pseudonyms(job, list(chosen.values()), repeatable=repeatable)
    _tell(job, found)
    return {name: Masker(mask, made) for name, mask in chosen.items()}


def _check_options(job: Job, *, mask: bool, unmasked: bool) -> None:
    if mask and unmasked:
        raise ConfigurationError(
            ["--mask and --unmasked contradict each other"], remediation="Leave one of them out."
        )
    if mask and not job.masks:
        raise ConfigurationError(
            ["--mask is given, and osem.mask declares nothing to mask"],
            remediation=f"{_EXAMPLE}   in the configuration; see docs/masks.md",
        )


def _tell(job: Job, found: Mapping[str, TableMask | None]) -> None:
    """Say which tables are masked, and which are not."""
    masked = [
        f"{name} ({counted(len(mask.rules), 'path')})" for name, mask in found.items() if mask
    ]
    plain = [name for name, mask in found.items() if not mask]
    if masked:
        job.console.info(f"Masked: {', '.join(masked)}")
    if plain:
        job.console.info(f"Not masked: {', '.join(plain)}")


def _pseudonyms(job: Job, chosen: Sequence[TableMask], *, repeatable: bool) -> Pseudonyms:
    """Return pseudonyms by the project's key, or by one of this run, which is said."""
    from osem_tasks.data.pseudonyms import Pseudonyms

    key = masks.key(job.settings.mask_key, os.environ)
    if key:
        return Pseudonyms(key)
    changed = [mask.table for mask in chosen if mask.changes_keys]
    if repeatable and changed:
        problem = (
            f"the mask of {', '.join(changed)} changes keys; without a masking key, the next run "
            "would give every item another one, and write it a second time"
        )
        raise ConfigurationError([problem], remediation=masks.REMEDY)
    if any(mask.needs_key for mask in chosen):
        job.console.info(
            "There is no masking key: this run takes a random one, so that its values agree with "
            f"one another, not with those of another run. For a key that lasts: {masks.REMEDY}"
        )
    return Pseudonyms(secrets.token_bytes(32))


@dataclass(frozen=True, slots=True)
class Findings:
    """What the masks met in this run, by declared table and path.

    ``unmatched`` are paths that met nothing in any item, ``unfit`` counts the values that were
    masked as a whole because they have no such parts.
    """

    unmatched: Mapping[str, Sequence[str]]
    unfit: Mapping[str, Mapping[str, int]]

    @property
    def lines(self) -> list[Line]:
        """One warning for each path; of one whose values were masked as a whole, that alone."""
        found = [
            f"{name}: the mask of {path} met nothing: is it misspelt? What it should hide is not "
            "masked"
            for name, paths in self.unmatched.items()
            for path in paths
            if path not in self.unfit.get(name, {})
        ]
        found += [
            f"{name}: {path} leads into a value without such parts, {counted(count, 'time')}; "
            "the whole value was masked"
            for name, paths in self.unfit.items()
            for path, count in paths.items()
        ]
        return [Line(Mark.WARNING, text) for text in found]

    def as_json(self) -> dict[str, Any]:
        """Return the findings for ``data``."""
        return {
            "maskUnmatched": {name: list(paths) for name, paths in self.unmatched.items()},
            "maskUnfit": {name: dict(paths) for name, paths in self.unfit.items()},
        }


def findings(used: Iterable[Masker]) -> Findings:
    """Return what the maskers of a run met; a table without items tells nothing."""
    met = [masker for masker in used if masker.items]
    return Findings(
        {masker.mask.table: masker.unmatched for masker in met if masker.unmatched},
        {masker.mask.table: masker.unfit for masker in met if masker.unfit},
    )
