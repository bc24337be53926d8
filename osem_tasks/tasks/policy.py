"""``db.policy``: the least IAM policy that groups of tasks need in one environment."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from osem_tasks.aws.permissions import GROUPS
from osem_tasks.config import ownership
from osem_tasks.config.commands import command as command_line
from osem_tasks.config.target import REGION_VARIABLES
from osem_tasks.errors import ConfigurationError, ErrorCode, OsemError
from osem_tasks.output.outcome import Line, Mark, Outcome
from osem_tasks.schema.quoting import closest
from osem_tasks.tasks import files
from osem_tasks.tasks.command import command
from osem_tasks.tasks.offline import offline_target
from osem_tasks.tasks.options import TABLE, TARGET_OPTIONS
from osem_tasks.tasks.policy_place import place_of
from osem_tasks.tasks.printed import print_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from osem_tasks.aws.permissions import Group
    from osem_tasks.aws.policy import Place
    from osem_tasks.config.target import Target
    from osem_tasks.tasks.job import Job


@command(
    TARGET_OPTIONS,
    texts={
        "group": f"Groups of tasks, joined by commas: {', '.join(GROUPS)}; default: all of them.",
        "account": "AWS account id, 12 digits; default: the environment's, else any account.",
        "table": TABLE,
        "output": "Write to this file instead of stdout.",
    },
    repeatable=["table"],
    choices={"group": tuple(GROUPS)},
)
def policy(
    job: Job,
    group: str | None = None,
    account: str | None = None,
    output: str | None = None,
    table: Sequence[str] | None = None,
) -> Outcome:
    """Print the least IAM policy for the tasks in one environment. Calls no AWS.

    Each group of tasks has statements of its own; docs/policies.md lists its tasks and actions.

    Example: inv db.policy --env dev --group read,setup > policy.json
    """
    from osem_tasks.aws import policy as policies

    groups = _groups(group)
    target = offline_target(job)
    _refuse_local(job, target)
    if target.protected:
        groups = [group.without_deletion for group in groups]
    place, keys = place_of(job, target, account, table)
    made = policies.document(groups, place, keys)
    _tell(job, target, place, made)
    data = {
        "policy": made,
        "groups": [one.name for one in groups],
        "partition": place.partition,
        "account": place.account,
        "tables": list(place.names),
        "size": policies.size(made),
    }
    return _written(job, made, data, output)


def _groups(given: str | None) -> list[Group]:
    """Return the groups that ``--group`` names, in the order of the table."""
    names = [name.strip().lower() for name in given.split(",")] if given else list(GROUPS)
    if unknown := [name for name in names if name not in GROUPS]:
        raise ConfigurationError(
            [
                f"--group names {name!r}, which is none of {', '.join(GROUPS)}{closest(name, GROUPS)}"
                for name in unknown
            ],
            remediation=command_line("db.policy", "--env", "dev", "--group", "read,setup"),
        )
    return [found for name, found in GROUPS.items() if name in names]


def _refuse_local(job: Job, target: Target) -> None:
    if target.environment.where == "aws":
        return
    environments = job.settings.environments.values()
    names = [known.name for known in environments if known.where == "aws"]
    ways = [command_line("db.policy", "--env", name) for name in names]
    raise OsemError(
        f"Environment '{target.environment.name}' is a local engine, which checks no policy.",
        code=ErrorCode.INVALID_CONFIGURATION,
        remediation="   or: ".join(ways),
        details={"environments": names},
    )


def _tell(job: Job, target: Target, place: Place, made: dict[str, Any]) -> None:
    """Say what the policy covers, and what it should not."""
    from osem_tasks.aws.policy import ANY, MOST, size

    environment = target.environment
    known = "any account" if place.account == ANY else f"account {place.account}"
    job.console.info(
        f"Policy for {target.described} · {known} · region {place.region} · "
        f"tables {', '.join(place.names)} · {size(made):,} of {MOST:,} characters"
    )
    if place.account == ANY:
        job.console.info(
            "The account is not known: the policy holds in the account to which it is attached. "
            f"To name it: {target.command('db.policy', '--account', 'ID')}   or "
            f"osem.environments.{environment.name}.account"
        )
    if environment.protected:
        job.console.info(
            f"{environment.name} is protected: no task deletes its tables, and no statement allows it"
        )
    for warning in _warnings(job, target, place, large=size(made) > MOST):
        job.console.warn(warning)


def _warnings(job: Job, target: Target, place: Place, *, large: bool) -> list[str]:
    from osem_tasks.aws.policy import MOST

    exact = target.command("db.policy", "--table", "NAME")
    found = []
    if not place.tables and not target.naming.prefix and not target.naming.suffix:
        found.append(
            "The tables have no prefix: the policy covers every table of the account in "
            f"{place.region}. To name the tables: {exact}"
        )
    elif covered := _covered(job, target, place):
        found.append(
            f"{target.naming.real('*')} covers the tables of {', '.join(covered)} too. To name "
            f"the tables: {exact}"
        )
    shell = next(filter(None, map(os.environ.get, REGION_VARIABLES)), place.region)
    if shell != place.region:
        found.append(
            f"This shell's region is {shell}, where its tasks would act; the policy is for "
            f"{place.region}"
        )
    if large:
        found.append(
            f"IAM takes {MOST:,} characters in a managed policy: attach the groups one by one "
            f"({target.command('db.policy', '--group', 'read')}, ...)"
        )
    return found


def _covered(job: Job, target: Target, place: Place) -> list[str]:
    """Return the other environments whose tables the pattern of names matches."""
    own, mine = target.environment, target.naming
    return [
        f"{other.name} ({other.naming.real('*')})"
        for other in job.settings.environments.values()
        if not place.tables
        and other.name != own.name
        and other.naming.prefix.startswith(mine.prefix)
        and other.naming.suffix.endswith(mine.suffix)
        and not ownership.never_meet(own, other, place.region)
    ]


def _written(job: Job, made: dict[str, Any], data: dict[str, Any], output: str | None) -> Outcome:
    text = json.dumps(made, indent=2)
    if output and not job.dry:
        files.write(output, f"{text}\n")
        done = Line(Mark.DONE, f"Policy written to {output}")
        return Outcome(data={**data, "file": output}, summary=done)
    print_document(job, text)
    return Outcome(data=data)
