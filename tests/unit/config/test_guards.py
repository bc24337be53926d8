"""What must hold before a task acts: account, region, diversion, protection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.config import guards
from osem_tasks.config.endpoints import SdkEndpoint
from osem_tasks.config.environments import BUILT_IN
from osem_tasks.config.resolve import TargetOptions, resolve
from osem_tasks.errors import ErrorCode, OsemError

if TYPE_CHECKING:
    from osem_tasks.config.target import Target

VARIABLE = "AWS_ENDPOINT_URL"
ELSEWHERE = "https://proxy.example:8443"
ENGINE = "http://127.0.0.1:8000"


def at(name: str, *, diverted: bool = False, **facts: Any) -> Target:
    """The target of a built-in environment, with other facts or a diverting variable."""
    variables = {VARIABLE: ELSEWHERE} if diverted else {}
    return resolve(replace(BUILT_IN[name], **facts), TargetOptions(), variables)


def on_engine(name: str) -> Target:
    """That environment on the local engine."""
    return resolve(BUILT_IN[name], TargetOptions(endpoint=ENGINE), {})


@pytest.mark.parametrize("pinned", [None, "123456789012"], ids=["not-pinned", "pinned"])
def test_account_that_fits(pinned: str | None) -> None:
    """An account is right when it is the pinned one, or none is pinned."""
    guards.check_account(at("dev", account=pinned), "123456789012")


def test_other_account_stops() -> None:
    """Another account than the pinned one stops, with both in the details."""
    with pytest.raises(OsemError) as caught:
        guards.check_account(at("dev", account="123456789012"), "999999999999")

    assert ErrorCode.AWS_ACCOUNT_MISMATCH is caught.value.code
    assert caught.value.details == {"expected": "123456789012", "found": "999999999999"}


@pytest.mark.parametrize(
    "target, region, force, warns",
    [
        pytest.param(at("dev"), "us-east-1", False, False, id="expected"),
        pytest.param(at("dev"), "eu-west-1", False, True, id="other"),
        pytest.param(at("dev"), "eu-west-1", True, True, id="other-forced"),
        pytest.param(at("dev", region=None), "eu-west-1", False, False, id="none-expected"),
        pytest.param(at("dev", region="eu-west-1"), "eu-west-1", False, False, id="configured"),
        pytest.param(at("prod"), "us-east-1", False, False, id="prod-expected"),
        pytest.param(at("prod"), "eu-west-1", True, True, id="prod-forced"),
        pytest.param(at("local"), "eu-west-1", False, False, id="local"),
        pytest.param(on_engine("prod"), "eu-west-1", False, False, id="prod-on-the-engine"),
    ],
)
def test_region(target: Target, region: str, force: bool, warns: bool) -> None:
    """An unexpected region warns on AWS, in ``prod`` with --force only."""
    assert warns == bool(guards.check_region(target, region, force=force))


def test_other_region_stops_prod() -> None:
    """An unexpected region stops ``prod``, and the remedy names both ways on."""
    with pytest.raises(OsemError) as caught:
        guards.check_region(at("prod"), "eu-west-1", force=False)

    assert ErrorCode.AWS_REGION_MISMATCH is caught.value.code
    assert caught.value.details == {"expected": "us-east-1", "found": "eu-west-1"}
    assert "--region us-east-1" in caught.value.remediation
    assert "--force" in caught.value.remediation


@pytest.mark.parametrize(
    "target, force, warns",
    [
        pytest.param(at("dev"), False, False, id="not-diverted"),
        pytest.param(at("dev", diverted=True), False, True, id="dev"),
        pytest.param(at("prod", diverted=True), True, True, id="prod-forced"),
        pytest.param(at("local", diverted=True), False, False, id="local-follows-it"),
        pytest.param(on_engine("prod"), False, False, id="option-is-no-diversion"),
    ],
)
def test_diversion(target: Target, force: bool, warns: bool) -> None:
    """A variable that diverts an AWS environment warns; in ``prod`` with --force only."""
    actual = guards.check_diversion(target, to_local_engine=False, force=force)

    assert warns == bool(actual)


@pytest.mark.parametrize(
    "name, to_local_engine, force",
    [
        pytest.param("prod", False, False, id="prod"),
        pytest.param("dev", True, False, id="to-the-local-engine"),
        pytest.param("dev", True, True, id="to-the-local-engine-forced"),
        pytest.param("prod", True, True, id="prod-to-the-local-engine-forced"),
    ],
)
def test_diversion_that_stops(name: str, to_local_engine: bool, force: bool) -> None:
    """``prod`` diverted, or any AWS environment diverted to a local engine, stops."""
    with pytest.raises(OsemError, match=VARIABLE) as caught:
        guards.check_diversion(
            at(name, diverted=True), to_local_engine=to_local_engine, force=force
        )

    assert ErrorCode.INVALID_CONFIGURATION is caught.value.code
    assert f"unset {VARIABLE}" in caught.value.remediation


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(at("local"), id="local"),
        pytest.param(at("dev"), id="dev"),
        pytest.param(at("staging"), id="staging"),
        pytest.param(on_engine("prod"), id="prod-on-the-engine"),
    ],
)
def test_destructive_task_where_it_may_be(target: Target) -> None:
    """Tables may be deleted where the environment is not protected, or on a local engine."""
    guards.check_destructive(target)


@pytest.mark.parametrize("diverted", [False, True])
def test_prod_refuses_destructive_tasks(diverted: bool) -> None:
    """``prod`` refuses always; its error names no way around."""
    with pytest.raises(OsemError) as caught:
        guards.check_destructive(at("prod", diverted=diverted))

    assert ErrorCode.PROTECTED_ENVIRONMENT is caught.value.code
    assert "--force" not in caught.value.remediation


@pytest.mark.parametrize(
    "target, replacing, proven, stops",
    [
        pytest.param(at("local"), False, True, "", id="local"),
        pytest.param(at("local"), True, True, "", id="local-replace"),
        pytest.param(at("local"), True, False, "does not prove to be one", id="unproven-replace"),
        pytest.param(at("local"), False, False, "", id="unproven"),
        pytest.param(at("dev"), False, True, "", id="dev"),
        pytest.param(at("dev"), True, True, "'dev' is on AWS", id="dev-replace"),
        pytest.param(at("dev", protected=True), False, True, "protected", id="protected"),
        pytest.param(at("prod"), False, True, "'prod' is protected", id="prod"),
        pytest.param(at("prod", diverted=True), False, True, "protected", id="prod-diverted"),
        pytest.param(on_engine("prod"), False, True, "", id="prod-on-the-engine"),
        pytest.param(on_engine("prod"), True, True, "", id="prod-on-the-engine-replace"),
        pytest.param(on_engine("prod"), False, False, "protected", id="prod-on-no-engine"),
    ],
)
def test_seed(target: Target, replacing: bool, proven: bool, stops: str) -> None:
    """A protected environment gets no seed, and only a proven local engine is overwritten."""
    if not stops:
        guards.check_seed(target, replacing=replacing, proven=proven)
        return
    with pytest.raises(OsemError, match=stops) as caught:
        guards.check_seed(target, replacing=replacing, proven=proven)
    assert caught.value.code is ErrorCode.PROTECTED_ENVIRONMENT


def test_confirmation_names_what_is_at_stake() -> None:
    """Where nobody can be asked, the error says what would go and names --yes."""
    error = guards.confirmation_required(at("dev"), "6 tables")

    assert ErrorCode.CONFIRMATION_REQUIRED is error.code
    assert ("6 tables" in error.message, "--yes" in error.remediation) == (True, True)


@pytest.mark.parametrize("name", ["dev", "staging"])
def test_the_prefix_of_a_protected_environment_stops_another(name: str) -> None:
    """OSEM_DB_PREFIX holds for every environment: dev must not change prod's tables by it."""
    target = resolve(BUILT_IN[name], TargetOptions(), {"OSEM_DB_PREFIX": "osem-prod-"})

    with pytest.raises(OsemError) as caught:
        guards.check_prefix(target, BUILT_IN.values())

    assert caught.value.code is ErrorCode.PROTECTED_ENVIRONMENT


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(at("prod"), id="its-own"),
        pytest.param(at("dev"), id="another-prefix"),
        pytest.param(on_engine("prod"), id="on-a-local-engine"),
    ],
)
def test_other_prefixes_pass(target: Target) -> None:
    """An environment's own prefix, and any on a local engine, are fine."""
    guards.check_prefix(target, BUILT_IN.values())


def test_a_protected_table_stops_a_deletion_before_it_begins() -> None:
    """Half a reset would be worse than none."""
    guards.check_deletable([])

    with pytest.raises(OsemError, match="osem-dev-Users; nothing was deleted"):
        guards.check_deletable(["osem-dev-Users"])


def test_an_environment_is_not_compared_with_itself() -> None:
    """The same tables agree with themselves, which says nothing."""
    with pytest.raises(OsemError, match="refer to the same tables"):
        guards.check_comparable(at("dev"), at("dev"), found=True)


def test_two_empty_environments_are_not_said_to_agree() -> None:
    """Nothing compared is not agreement."""
    with pytest.raises(OsemError, match="has a table"):
        guards.check_comparable(at("dev"), at("staging"), found=False)


@pytest.mark.parametrize(
    "options, expected",
    [
        pytest.param(TargetOptions(), "inv db.setup --env dev", id="plain"),
        pytest.param(
            TargetOptions(endpoint=ENGINE),
            f"inv db.setup --env dev --endpoint {ENGINE}",
            id="endpoint",
        ),
        pytest.param(
            TargetOptions(region="eu-west-1", profile="x"),
            "inv db.setup --env dev --region eu-west-1 --profile x",
            id="region-and-profile",
        ),
    ],
)
def test_a_remedy_reaches_the_same_target(options: TargetOptions, expected: str) -> None:
    """What chose the target is part of every command that is proposed."""
    assert resolve(BUILT_IN["dev"], options, {}).command("db.setup") == expected


def test_two_environments_that_differ_name_both_ways_on() -> None:
    """The error of a comparison counts the tables and proposes to verify either side."""
    error = guards.environments_differ(at("dev"), at("staging"), 1)

    assert error.code is ErrorCode.SCHEMA_VALIDATION_FAILED
    assert error.message == "Environments 'dev' and 'staging' differ in 1 table."
    assert error.remediation == "inv db.verify --env dev   and: inv db.verify --env staging"


def test_an_environment_elsewhere_may_have_the_same_names() -> None:
    """The same prefix at another endpoint, in another region or account is another environment."""
    guards.check_comparable(at("dev"), at("staging"), found=True)
    guards.check_comparable(on_engine("dev"), at("dev"), found=True)


@pytest.mark.parametrize(
    "url, name, to_local_engine, force, ends",
    [
        ("https://sts.us-east-1.amazonaws.com", "prod", False, False, None),
        (ELSEWHERE, "dev", False, False, "warns"),
        (ELSEWHERE, "prod", False, True, "warns"),
        (ELSEWHERE, "prod", False, False, "stops"),
        (ENGINE, "dev", True, False, "stops"),
        (ENGINE, "dev", True, True, "stops"),
    ],
)
def test_an_account_from_elsewhere(
    url: str, name: str, to_local_engine: bool, force: bool, ends: str | None
) -> None:
    """STS is judged as DynamoDB is: an account that a local engine makes up proves nothing."""
    sts = SdkEndpoint(service="sts", url=url, by="endpoint_url of profile 'x' in ~/.aws/config")

    def check() -> str | None:
        return guards.check_sts(at(name), sts, to_local_engine=to_local_engine, force=force)

    if ends == "stops":
        with pytest.raises(OsemError, match="profile 'x'") as caught:
            check()
        assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
        assert "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true" in caught.value.remediation
    else:
        assert (ends == "warns") is bool(check())
