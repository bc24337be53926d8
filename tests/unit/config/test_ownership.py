"""Whose a table is: a task deletes it only if every rule says that it is the environment's."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osem_tasks.config import guards
from osem_tasks.config.environments import BUILT_IN, Environment
from osem_tasks.config.ownership import Claim
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ErrorCode, OsemError
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Key, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osem_tasks.config.target import Target

    Changes = dict[str, dict[str, Any]]

MINE, THEIRS = "111111111111", "222222222222"
LOOPBACK = "http://127.0.0.1:8000"
ENTITIES = ("Orders", "dev-Orders")
TAGGED = {"Application": "osem-ladders", "Environment": "dev"}
ACCOUNT, PROTECTED = ErrorCode.AWS_ACCOUNT_MISMATCH, ErrorCode.PROTECTED_ENVIRONMENT


def environments(
    prefix: str = "osem-{env}-", changes: Changes | None = None
) -> dict[str, Environment]:
    """The built-in environments with a common prefix, and with changes by their names."""
    return {
        name: replace(
            place, **{"prefix": prefix.replace("{env}", name), **(changes or {}).get(name, {})}
        )
        for name, place in BUILT_IN.items()
    }


@dataclass(frozen=True, kw_only=True)
class Found:
    """A table that a server shows, and the task that would delete it."""

    env: str = "dev"
    known: dict[str, Environment] = field(default_factory=environments)
    entity: str = "Orders"
    prefix: str = ""
    endpoint: str | None = None
    account: str = MINE
    region: str = "us-east-1"
    tags: Mapping[str, str] | None = field(default_factory=lambda: TAGGED)
    emulator: str = ""

    @property
    def target(self) -> Target:
        """Where the task acts."""
        variables = {"OSEM_DB_PREFIX": self.prefix} if self.prefix else {}
        return resolve(self.known[self.env], TargetOptions(endpoint=self.endpoint), variables)

    @property
    def claim(self) -> Claim:
        """What is decided about."""
        name = self.target.naming.real(self.entity)
        key = Key.parse("id S")
        own = tuple(self.target.environment.all_tags.items())
        tags = None if self.tags is None else tuple(self.tags.items())
        arn = f"arn:aws:dynamodb:{self.region}:{self.account}:table/{name}"
        return Claim(
            target=self.target,
            declared=Table(name=name, key=key, tags=own),
            live=LiveTable(
                table=Table(name=name, key=key, tags=tags, check=False),
                status="ACTIVE",
                index_status={},
                arn=arn,
                unreadable={"tags": "no such call"} if self.tags is None else {},
                emulator=self.emulator,
            ),
            environments=self.known,
            entities=ENTITIES,
        )


def pinned(**accounts: str) -> Changes:
    """Environments with pinned accounts."""
    return {name: {"account": account} for name, account in accounts.items()}


ENGINE: dict[str, Any] = {
    "endpoint": LOOPBACK,
    "emulator": "DynamoDB Local",
    "account": "000000000000",
    "tags": None,
}
NESTED = environments(changes={"dev": {"prefix": "shop-dev-"}, "prod": {"prefix": "shop-"}})
ALLOWED = {
    "its own table": Found(),
    "without tags": Found(tags={}),
    "with others' tags": Found(tags={**TAGGED, "CostCenter": "7"}),
    "the pinned account": Found(known=environments(changes=pinned(dev=MINE))),
    "a prefix of the shell's own": Found(prefix="mine-"),
    "equal names in pinned accounts": Found(
        known=environments("shop-", pinned(dev=MINE, staging=THEIRS, prod=THEIRS))
    ),
    "equal names in pinned accounts, no tags": Found(
        known=environments("shop-", pinned(dev=MINE, staging=THEIRS, prod=THEIRS)), tags={}
    ),
    "equal names, told apart by a tag": Found(known=environments("shop-")),
    "nested names in pinned accounts": Found(
        known=environments(
            "shop-",
            {
                "dev": {"prefix": "shop-dev-", "account": MINE},
                **pinned(staging=THEIRS, prod=THEIRS),
            },
        )
    ),
    "local on its engine": Found(env="local", **ENGINE),
    "local on moto": Found(
        env="local",
        endpoint=LOOPBACK,
        emulator="moto",
        tags={**TAGGED, "Environment": "local"},
    ),
    "equal names on a local engine": Found(env="local", known=environments("shop-"), **ENGINE),
    "nested names on a local engine": Found(known=NESTED, **ENGINE),
    "dev on a local engine": Found(**ENGINE),
    "pinned dev on a local engine": Found(known=environments(changes=pinned(dev=MINE)), **ENGINE),
    "prod on a local engine": Found(env="prod", **ENGINE),
    "dev through a proxy on this machine": Found(endpoint=LOOPBACK),
}
REFUSED = {
    "a prefix of the shell's own, no tags": (
        Found(prefix="mine-", tags={}),
        PROTECTED,
        ("OSEM_DB_PREFIX", "Environment"),
    ),
    "staging's by OSEM_DB_PREFIX": (Found(prefix="osem-staging-"), PROTECTED, ("staging", "dev")),
    "local's by OSEM_DB_PREFIX": (Found(prefix="osem-local-"), PROTECTED, ("local", "dev")),
    "test's by OSEM_DB_PREFIX on an engine": (
        Found(env="local", prefix="osem-test-", **ENGINE),
        PROTECTED,
        ("test", "local"),
    ),
    "prod's by a nested prefix": (
        Found(known=NESTED),
        PROTECTED,
        ("prod", "dev", "shop-dev-Orders"),
    ),
    "nested in an account that is not pinned apart": (
        Found(
            known=environments(
                "shop-",
                {
                    "dev": {"prefix": "shop-dev-", "account": MINE},
                    **pinned(prod=MINE, staging=THEIRS),
                },
            )
        ),
        PROTECTED,
        ("prod", "dev"),
    ),
    "equal names that nothing tells apart": (
        Found(known=environments("shop-"), tags={}),
        PROTECTED,
        ("staging", "dev"),
    ),
    "equal names and equal tags": (
        Found(
            known=environments(
                "shop-",
                {name: {"tags": {"Environment": "nonprod"}} for name in ("dev", "staging")},
            ),
            tags={"Environment": "nonprod"},
        ),
        PROTECTED,
        ("staging", "dev"),
    ),
    "tagged as staging's": (
        Found(tags={**TAGGED, "Environment": "staging"}),
        PROTECTED,
        ("'staging'", "'dev'", "Environment"),
    ),
    "another application's": (
        Found(tags={**TAGGED, "Application": "billing"}),
        PROTECTED,
        ("'billing'", "Application"),
    ),
    "an application's, where this one has none": (
        Found(
            known=environments(changes={"dev": {"application": ""}}),
            tags={"Application": "billing"},
        ),
        PROTECTED,
        ("'billing'", "none"),
    ),
    "tags that cannot be read": (Found(tags=None), PROTECTED, ("tags",)),
    "tagged as staging's on moto": (
        Found(endpoint=LOOPBACK, emulator="moto", tags={"Environment": "staging"}),
        PROTECTED,
        ("staging",),
    ),
    "another account": (
        Found(known=environments(changes=pinned(dev=THEIRS))),
        ACCOUNT,
        (MINE, THEIRS),
    ),
    "no account": (
        Found(known=environments(changes=pinned(dev=MINE)), account=""),
        ACCOUNT,
        (MINE,),
    ),
    "local through a proxy on this machine": (
        Found(env="local", endpoint=LOOPBACK, tags={}),
        PROTECTED,
        ("local engine", MINE),
    ),
    "prod through a proxy on this machine": (
        Found(env="prod", endpoint=LOOPBACK, tags={}),
        PROTECTED,
        ("prod",),
    ),
    "pinned dev through a proxy on this machine": (
        Found(known=environments(changes=pinned(dev=THEIRS)), endpoint=LOOPBACK),
        ACCOUNT,
        (MINE, THEIRS),
    ),
    "no tags through a proxy on this machine": (
        Found(endpoint=LOOPBACK, tags=None),
        PROTECTED,
        ("tags",),
    ),
}


@pytest.mark.parametrize("found", ALLOWED.values(), ids=ALLOWED)
def test_what_may_be_deleted(found: Found) -> None:
    """A table that is the environment's by every rule, confirmed by that environment's rules."""
    target = guards.check_deletion([found.claim])

    assert target is not None
    assert target.local == bool(found.endpoint and found.emulator)


@pytest.mark.parametrize("found, code, words", REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_deleted(found: Found, code: ErrorCode, words: tuple[str, ...]) -> None:
    """One rule that is broken is enough; the refusal names both sides and what to do."""
    with pytest.raises(OsemError) as caught:
        guards.check_deletion([Found().claim, found.claim])

    assert caught.value.code is code
    assert [word for word in words if word not in caught.value.message] == []
    assert caught.value.remediation


def test_nothing_to_delete() -> None:
    """Without a table there is nothing to decide."""
    assert guards.check_deletion([]) is None


@pytest.mark.parametrize("account", ["", THEIRS])
def test_setup_and_repair_look_at_the_tables_account(account: str) -> None:
    """A pinned account is that of the tables' ARN as well as that of STS."""
    found = Found(known=environments(changes=pinned(dev=MINE)), account=account)

    with pytest.raises(OsemError) as caught:
        guards.check_tables_account(found.target, [None, found.claim.live])

    assert caught.value.code is ACCOUNT
    assert caught.value.details["expected"] == MINE


PREFIXES = st.sampled_from(["osem-{env}-", "shop-", "shop-{env}-", "", "osem-staging-", "x-dev-"])
ACCOUNTS = st.sampled_from([None, MINE, THEIRS])


@st.composite
def found_tables(draw: st.DrawFn) -> Found:
    """Random environments, prefixes, accounts, tags, endpoints, and a table among them."""
    changes = {
        name: {
            "prefix": draw(PREFIXES).replace("{env}", name),
            "account": draw(ACCOUNTS),
            "application": draw(st.sampled_from(["osem-ladders", "", "billing"])),
        }
        for name in BUILT_IN
    }
    tag = st.sampled_from([None, *BUILT_IN, "osem-ladders", "billing"])
    tags = {key: draw(tag) for key in ("Environment", "Application")}
    endpoint = draw(st.sampled_from([None, LOOPBACK]))
    return Found(
        env=draw(st.sampled_from(list(BUILT_IN))),
        known=environments(changes=changes),
        entity=draw(st.sampled_from(ENTITIES)),
        prefix=draw(st.sampled_from(["", "osem-staging-", "shop-", "mine-", "osem-dev-"])),
        endpoint=endpoint,
        account=draw(st.sampled_from([MINE, THEIRS, ""])),
        region=draw(st.sampled_from(["us-east-1", "eu-west-1"])),
        tags=draw(st.sampled_from([None, {key: value for key, value in tags.items() if value}])),
        emulator=draw(st.sampled_from(["", "moto"])),
    )


def missing_tags(found: Found) -> list[str]:
    """The tags that a table needs whose name only OSEM_DB_PREFIX makes the environment's."""
    own, name = found.target.environment, found.claim.live.table.name
    configured = name in {own.default_prefix + entity for entity in ENTITIES}
    if configured or (found.target.local and found.emulator):
        return []
    return [key for key in own.all_tags.keys() & TAGGED if key not in (found.tags or {})]


def broken_rules(found: Found) -> list[str]:
    """The rules of docs/deletion.md that a deletion would break, written down once more."""
    target, claim = found.target, found.claim
    own, name = target.environment, claim.live.table.name
    engine = target.local and bool(found.emulator)
    held = dict(found.tags or {})
    mine = own.all_tags
    broken = [
        key
        for key in ("Environment", "Application")
        if held.get(key, mine.get(key)) != mine.get(key)
    ]
    if own.protected and not engine:
        broken.append("protected")
    if target.local and not engine and own.where == "local":
        broken.append("no local engine")
    if own.account and not engine and own.account != found.account:
        broken.append("account")
    if found.tags is None and not engine:
        broken.append("unreadable")
    broken += missing_tags(found)
    for other in found.known.values():
        if other is own or name not in {other.default_prefix + entity for entity in ENTITIES}:
            continue
        if name not in {own.default_prefix + entity for entity in ENTITIES}:
            broken.append(f"only {other.name} declares it")
        elif engine:
            apart = other.where == "aws" or other.prefix == own.prefix
            broken += [] if apart else [f"{other.name} declares it on the engine"]
        elif other.where == "aws":
            apart = bool(other.account and found.account and other.account != found.account)
            apart |= other.region_strict and other.region != found.region
            apart |= other.prefix == own.prefix and held.get("Environment") == own.name
            broken += [] if apart else [f"{other.name} declares it on AWS"]
    return broken


@settings(max_examples=500)
@given(found_tables())
def test_a_table_goes_only_if_every_rule_says_so(found: Found) -> None:
    """Over random worlds the decision is that of the rules, each written down on its own."""
    broken = broken_rules(found)

    with pytest.raises(OsemError) if broken else contextlib.nullcontext():
        guards.check_deletion([found.claim])
