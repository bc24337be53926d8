"""Checks that must pass before a task acts. Pure, with remedies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osem_tasks.config import ownership
from osem_tasks.config.commands import command, remedy_text
from osem_tasks.config.endpoints import UNKNOWN_SETTING, undone
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from osem_tasks.config.endpoints import SdkEndpoint
    from osem_tasks.config.environments import Environment
    from osem_tasks.config.ownership import Claim
    from osem_tasks.config.target import Target
    from osem_tasks.schema.live import LiveTable


def check_account(target: Target, account: str) -> None:
    """Raise OsemError (AWS_ACCOUNT_MISMATCH) if the environment pins another account."""
    pinned = target.environment.account
    if pinned and pinned != account:
        raise OsemError(
            f"Environment '{target.environment.name}' belongs to account {pinned}, but the "
            f"credentials belong to {account}.",
            code=ErrorCode.AWS_ACCOUNT_MISMATCH,
            remediation="Choose the profile of that account: --profile NAME or AWS_PROFILE",
            details={"expected": pinned, "found": account},
        )


def check_tables_account(target: Target, found: Iterable[LiveTable | None]) -> None:
    """Raise OsemError (AWS_ACCOUNT_MISMATCH) if a table is in another account than the pinned one.

    STS and DynamoDB may use different endpoints, so only the tables' ARNs prove the account.
    """
    for live in found:
        if live and (account := ownership.foreign_account(target, live)):
            name, pinned = target.environment.name, target.environment.account
            raise OsemError(
                f"Environment '{name}' belongs to account {pinned}, but the table "
                f"{live.table.name} is in account {account}.",
                code=ErrorCode.AWS_ACCOUNT_MISMATCH,
                remediation=(
                    "Choose the profile of that account: --profile NAME or AWS_PROFILE; "
                    "unset AWS_ENDPOINT_URL_STS if it is set."
                ),
                table=live.table.name,
                details={"expected": pinned, "found": account},
            )


def check_region(target: Target, region: str, *, force: bool) -> str | None:
    """Return a warning if ``region`` is not the expected one.

    Raises OsemError (AWS_REGION_MISMATCH) if the environment is strict, unless forced.
    """
    environment = target.environment
    if target.local or environment.region in (None, region):
        return None
    text = (
        f"Environment '{environment.name}' is expected in {environment.region}, "
        f"the region is {region}."
    )
    if environment.region_strict and not force:
        raise OsemError(
            text,
            code=ErrorCode.AWS_REGION_MISMATCH,
            remediation=f"Use --region {environment.region}, or --force if {region} is intended.",
            details={"expected": environment.region, "found": region},
        )
    return text


def check_diversion(target: Target, *, to_local_engine: bool, force: bool) -> str | None:
    """Return a warning if something redirects an AWS environment.

    Raises OsemError if it leads to a local engine, or if the environment is strict and not
    forced.
    """
    if target.diverted_by is None:
        return None
    text = f"{_subject(target)} is diverted to {target.endpoint} by {target.diverted_by}"
    remedy = f"For AWS: {undone(target.diverted_by)}"
    local_use = f"   For the local engine: --endpoint {target.endpoint}"
    return _diverted(target, text, remedy, local_use, to_local_engine=to_local_engine, force=force)


def check_sts(
    target: Target, sts: SdkEndpoint, *, to_local_engine: bool, force: bool
) -> str | None:
    """Return a warning if something redirects the service that tells the account.

    Raises OsemError as ``check_diversion`` does: an account that a local engine made up proves
    nothing.
    """
    if sts.is_aws:
        return None
    by = sts.by or UNKNOWN_SETTING
    text = f"{_subject(target)} asks for its account at {sts.url} (STS), by {by}"
    remedy = f"For AWS: {undone(by)}"
    return _diverted(target, text, remedy, "", to_local_engine=to_local_engine, force=force)


def _subject(target: Target) -> str:
    return f"E{target.described[1:]}"


def _diverted(
    target: Target,
    text: str,
    remedy: str,
    local_use: str,
    *,
    to_local_engine: bool,
    force: bool,
) -> str:
    if to_local_engine:
        raise OsemError(
            f"{text}, a local engine.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=f"{remedy}{local_use}",
        )
    careful = target.environment.region_strict or target.environment.protected
    if careful and not force:
        raise OsemError(
            f"{text}.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation=f"{remedy}   or --force if this is intended",
        )
    return f"{text}."


def check_prefix(target: Target, others: Iterable[Environment], region: str = "") -> None:
    """Raise OsemError if the table names are those of another, protected environment.

    ``OSEM_DB_PREFIX`` applies to every environment: ``--env dev`` could then change prod. Equal
    names are allowed where the environments cannot meet; ``region`` is where the task acts.
    """
    own = target.environment
    for other in others:
        alien = other.name != own.name and other.protected and not target.local
        if alien and target.naming == other.naming and not ownership.never_meet(own, other, region):
            raise OsemError(
                f"The table names {target.naming.pattern} belong to environment '{other.name}', which is "
                f"protected; the task is for '{own.name}'.",
                code=ErrorCode.PROTECTED_ENVIRONMENT,
                remediation=_apart(target, other),
                details={"environment": own.name, "owners": [other.name]},
            )


def _apart(target: Target, other: Environment) -> str:
    """Return how two environments with equal names are told apart."""
    if target.naming != target.environment.naming:
        return f"unset OSEM_DB_PREFIX   or use --env {other.name}"
    return (
        f"Pin different accounts to '{target.environment.name}' and '{other.name}' "
        "(osem.environments.NAME.account), or give them different names."
    )


def check_destructive(target: Target) -> None:
    """Raise OsemError (PROTECTED_ENVIRONMENT) if the target allows no deletion."""
    if target.protected:
        raise OsemError(
            f"Environment '{target.environment.name}' is protected: its tables are never "
            "deleted by a task.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation=(
                f"{target.command('db.verify')}   shows what differs; "
                "nothing here deletes these tables."
            ),
        )


def check_seed(target: Target, *, replacing: bool, proven: bool = True) -> None:
    """Raise OsemError (PROTECTED_ENVIRONMENT) if the target allows no seed.

    ``replacing`` overwrites items, which is for local engines alone. ``proven`` says whether the
    server at a loopback endpoint is known to be one.
    """
    name = target.environment.name
    local = target.local and proven
    if target.environment.protected and not local:
        raise OsemError(
            f"Environment '{name}' is protected: no task puts seed data into it; nothing was "
            "written.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation=(
                f"Name another environment by --env, or a local engine: {command('local.up')}"
            ),
        )
    if replacing and not local:
        where = f"the server at {target.endpoint} does not prove to be one"
        if not target.local:
            where = f"environment '{name}' is on AWS"
        raise OsemError(
            f"--replace overwrites items, on local engines only, and {where}; nothing was written.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation=f"{target.command('db.seed')}   puts in only what is not there yet",
        )


def check_deletion(claims: Sequence[Claim]) -> Target | None:
    """Check that all tables of ``claims`` may be deleted, by the rules of docs/deletion.md.

    Returns the target whose rules decide about confirmation: the claims' target, without the
    local privileges if a server did not prove to be a local engine; None without claims.
    Raises OsemError (PROTECTED_ENVIRONMENT, AWS_ACCOUNT_MISMATCH) for the first table that any
    rule excludes.
    """
    for claim in claims:
        target = claim.target if claim.on_local_engine else claim.target.without_local_rules()
        _check_place(claim, target)
        check_tables_account(target, [claim.live])
        _check_owner(claim)
    unproven = [claim for claim in claims if not claim.on_local_engine]
    if unproven:
        return unproven[0].target.without_local_rules()
    return claims[0].target if claims else None


def _check_place(claim: Claim, target: Target) -> None:
    """Raise OsemError if the environment's own rules allow no deletion at this location."""
    unproven = claim.target.local and not claim.on_local_engine
    kinds = {"protected": target.protected, "local": target.environment.where == "local"}
    kind = next((kind for kind, holds in kinds.items() if holds), None)
    if unproven and kind:
        raise OsemError(
            f"Environment '{target.environment.name}' is {kind}, and the server at "
            f"{target.endpoint} that holds {claim.live.table.name} does not prove to be a local "
            f"engine (account {claim.account or 'unknown'}); nothing was deleted.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation=(
                "Name the local engine by --endpoint, or the environment of those tables by --env."
            ),
            table=claim.live.table.name,
        )
    check_destructive(target)


def _check_owner(claim: Claim) -> None:
    """Raise OsemError (PROTECTED_ENVIRONMENT) if a name or a tag shows another owner."""
    name, table = claim.target.environment.name, claim.live.table.name
    if others := ownership.other_owners(claim):
        listed = ", ".join(f"'{other}'" for other in others)
        raise OsemError(
            f"The table {table} is also declared by environment {listed}; the task is for "
            f"'{name}'. Nothing was deleted.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation=(
                f"Use --env {others[0]}, unset OSEM_DB_PREFIX if it is set, or give the two "
                "environments other prefixes or pinned accounts in the configuration."
            ),
            table=table,
            details={"environment": name, "owners": others},
        )
    if why := ownership.foreign_tag(claim):
        raise OsemError(
            f"The table {table} does not belong to environment '{name}': {why}. "
            "Nothing was deleted.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation=(
                f"{claim.target.command('db.verify')}   shows its tags; if it really is this "
                "environment's table, correct them first."
            ),
            table=table,
        )


def check_deletable(protected: Sequence[str]) -> None:
    """Raise OsemError before any deletion if a table is protected."""
    if protected:
        raise OsemError(
            f"Deletion protection is on for {', '.join(protected)}; nothing was deleted.",
            code=ErrorCode.PROTECTED_ENVIRONMENT,
            remediation=(
                "To delete these tables, turn deletion protection off yourself first; no task does."
            ),
            details={"tables": list(protected)},
        )


def check_comparable(one: Target, other: Target, *, found: bool) -> None:
    """Raise OsemError if a comparison of the two environments would be meaningless."""
    locations = [(t.endpoint, t.region, t.profile, t.naming) for t in (one, other)]
    if locations[0] == locations[1]:
        raise OsemError(
            f"'{one.environment.name}' and '{other.environment.name}' refer to the same tables.",
            code=ErrorCode.INVALID_CONFIGURATION,
            remediation="Name another environment by --with; unset OSEM_DB_PREFIX if it is set.",
        )
    if not found:
        raise OsemError(
            f"Neither '{one.environment.name}' nor '{other.environment.name}' has a table.",
            code=ErrorCode.TABLE_NOT_FOUND,
            remediation=one.command("db.setup"),
        )


def environments_differ(
    one: Target, other: Target, tables: int, fixed: Sequence[tuple[str, str]] = ()
) -> OsemError:
    """Return the error of ``db.compare`` for differences.

    ``fixed`` has the name on each side of tables with a difference that only a new table changes.
    """
    from osem_tasks.plan.remedies import to_new_table

    verify = f"{one.command('db.verify')}   and: {other.command('db.verify')}"
    moved = [
        remedy_text(to_new_table(names[side], names, kept=target.protected), target)
        for names in fixed[:1]
        for side, target in enumerate((one, other))
    ]
    keys = "   tell which side is not as declared; a key or a local index is changed there by: "
    return OsemError(
        f"Environments '{one.environment.name}' and '{other.environment.name}' differ in "
        f"{tables} {'table' if tables == 1 else 'tables'}.",
        code=ErrorCode.SCHEMA_VALIDATION_FAILED,
        remediation=verify + (keys + "   or: ".join(moved) if moved else ""),
    )


def confirmation_required(target: Target, what: str, option: str = "--yes") -> OsemError:
    """Return the error for a confirmation without a terminal, which ``option`` gives."""
    return OsemError(
        f"This would {what} of environment '{target.environment.name}'.",
        code=ErrorCode.CONFIRMATION_REQUIRED,
        remediation=f"Confirm with {option}.",
    )
