"""`db.policy` as a user calls it: what it covers, what it says beside, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import osem_tasks
from osem_tasks.aws.permissions import GROUPS
from osem_tasks.aws.policy import MOST, size

if TYPE_CHECKING:
    from tests.support.inv import Inv

DOCUMENT = Path(osem_tasks.__file__).parents[1] / "docs" / "policies.md"
DEV = ("db.policy", "--env", "dev")


@pytest.fixture
def inv(lost_inv: Inv) -> Inv:
    """The task asks nobody: it works in a shell that leads nowhere."""
    return lost_inv


def configured(inv: Inv, **settings: Any) -> Inv:
    """The same with an `invoke.yaml`, which holds OSEM's tables if it says nothing else."""
    tables = {"tables": "osem_tasks.declarations.osem:TABLES"}
    Path("invoke.yaml").write_text(json.dumps({"osem": {**tables, **settings}}), encoding="utf-8")
    return inv


def resources(policy: dict[str, Any]) -> set[str]:
    """Every resource of a policy."""
    return {arn for statement in policy["Statement"] for arn in statement["Resource"]}


def test_stdout_is_the_policy(inv: Inv) -> None:
    """Redirected, quiet or not, it is one JSON document: a policy that IAM takes."""
    for words in (DEV, (*DEV, "--quiet")):
        run = inv(*words)

        policy = json.loads(run.out)
        sids = [statement["Sid"] for statement in policy["Statement"]]
        assert (run.code, policy["Version"]) == (0, "2012-10-17")
        assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)
        assert len(set(sids)) == len(sids)
        assert {f"Osem{name.title()}" for name in GROUPS} <= set(sids)
        assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}
        assert size(policy) < MOST


def test_json_has_the_policy_and_its_scope(inv: Inv) -> None:
    """The same policy as data, with what it is about; a file has it as well."""
    document = inv(*DEV, "--group", "read", "--json").document
    written = inv(*DEV, "--group", "read", "--output", "policy.json")

    data = document["data"]
    assert (data["groups"], data["account"], data["partition"]) == (["read"], "*", "aws")
    assert (data["tables"], document["region"]) == (["osem-dev-*"], "us-east-1")
    assert (written.code, written.out.count("\n")) == (0, 1)
    assert json.loads(Path("policy.json").read_text(encoding="utf-8")) == data["policy"]


@pytest.mark.parametrize(
    "region, partition",
    [
        ("us-east-1", "aws"),
        ("eu-central-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
    ],
)
def test_partitions(inv: Inv, region: str, partition: str) -> None:
    """The ARNs are those of the region's partition, account and prefix."""
    policy = json.loads(inv(*DEV, "--region", region, "--account", "111111111111").out)

    arn = f"arn:{partition}:dynamodb:{region}:111111111111:table/osem-dev-*"
    assert resources(policy) == {arn, f"{arn}/backup/*", "*"}


@pytest.mark.parametrize(
    "settings, words, scope",
    [
        pytest.param({"prefix": "shop-{env}-"}, (), "table/shop-dev-*", id="prefix"),
        pytest.param({"table_name": "{table}-{env}"}, (), "table/*-dev", id="suffix"),
        pytest.param({}, ("--table", "Users"), "table/osem-dev-Users", id="table"),
        pytest.param({}, ("--table", "osem-dev-Users"), "table/osem-dev-Users", id="full-name"),
        pytest.param({"tables": ""}, (), "table/osem-dev-*", id="undeclared"),
        pytest.param(
            {"environments": {"dev": {"account": "111111111111", "region": "eu-west-1"}}},
            (),
            "eu-west-1:111111111111:table/osem-dev-*",
            id="pinned",
        ),
    ],
)
def test_the_scope(inv: Inv, settings: dict[str, Any], words: tuple[str, ...], scope: str) -> None:
    """Names, region and account are the environment's; `--table` names the tables exactly."""
    run = configured(inv, **settings)(*DEV, "--group", "read", *words)

    (arn,) = resources(json.loads(run.out)) - {"*"}
    assert arn.endswith(scope)


@pytest.mark.parametrize(
    "settings, variables, words",
    [
        pytest.param(
            {"prefix": ""}, {}, "covers every table of the account in us-east-1", id="no-prefix"
        ),
        pytest.param(
            {"environments": {"dev": {"prefix": "shop-"}, "prod": {"prefix": "shop-prod-"}}},
            {},
            "shop-* covers the tables of prod (shop-prod-*) too",
            id="prods-tables",
        ),
        pytest.param(
            {}, {"AWS_REGION": "eu-west-1"}, "This shell's region is eu-west-1", id="region"
        ),
        pytest.param({}, {"OSEM_DB_PREFIX": "osem-prod-"}, "covers the tables of prod", id="shell"),
        pytest.param({}, {}, "The account is not known", id="account"),
    ],
)
def test_what_is_said_beside(
    inv: Inv, monkeypatch: pytest.MonkeyPatch, settings: Any, variables: Any, words: str
) -> None:
    """What a policy covers beyond its environment, and what is not known, is said on stderr."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    run = configured(inv, **settings)(*DEV)

    assert run.code == 0
    assert words in run.err
    assert words not in run.out


def test_nothing_of_a_protected_environment_is_deleted(inv: Inv) -> None:
    """No group holds DeleteTable in prod, and stderr says so; in dev one does."""
    prod, dev = inv("db.policy", "--env", "prod"), inv(*DEV)

    assert ("DeleteTable" in prod.out, "DeleteTable" in dev.out) == (False, True)
    assert "prod is protected: no task deletes its tables" in prod.err


@pytest.mark.parametrize(
    "key, statement",
    [
        pytest.param(
            "arn:aws:kms:us-east-1:111111111111:key/1234abcd",
            ("OsemKeys", "arn:aws:kms:us-east-1:111111111111:key/1234abcd"),
            id="arn",
        ),
        pytest.param("1234abcd", ("OsemKeys", "arn:aws:kms:us-east-1:*:key/1234abcd"), id="id"),
        pytest.param("alias/shop", ("OsemKeyAliases", "arn:aws:kms:us-east-1:*:key/*"), id="alias"),
        pytest.param(
            "arn:aws:kms:us-east-1:333333333333:alias/shop",
            ("OsemKeyAliases", "arn:aws:kms:us-east-1:333333333333:key/*"),
            id="alias-of-another-account",
        ),
    ],
)
def test_keys_of_the_tables(inv: Inv, key: str, statement: tuple[str, str]) -> None:
    """A customer managed key may be used by way of DynamoDB only, and not to look at tables."""
    code = (
        "from osem_tasks.tables import Encryption, table\n"
        f"TABLES = table('Carts', 'id S', encryption=Encryption('KMS', {key!r}))\n"
    )
    Path("keys_of_shop.py").write_text(code, encoding="utf-8")
    project = configured(inv, tables="keys_of_shop:TABLES")

    try:
        policy = json.loads(project(*DEV, "--group", "data").out)
        look = json.loads(project(*DEV, "--group", "read").out)
    finally:
        import sys

        sys.modules.pop("keys_of_shop", None)

    *_, found = policy["Statement"]
    assert (found["Sid"], *found["Resource"]) == statement
    assert found["Condition"]["StringLike"] == {"kms:ViaService": "dynamodb.us-east-1.*"}
    assert "kms" not in json.dumps(look)


def test_a_declaration_that_cannot_be_read(inv: Inv) -> None:
    """The policy of a prefix needs no tables: a warning says what is missing; `--table` needs them."""
    project = configured(inv, tables="none-such.json")

    run, named = project(*DEV), project(*DEV, "--table", "Users")

    assert (run.code, json.loads(run.out)["Version"]) == (0, "2012-10-17")
    assert "The declared tables cannot be read" in run.err
    assert (named.code, named.out) == (1, "")


@pytest.mark.parametrize(
    "words, message",
    [
        (("db.policy",), "Environment 'local' is a local engine, which checks no policy."),
        (("db.policy", "--env", "nope"), "unknown environment 'nope'"),
        ((*DEV, "--group", "raed"), "'raed', which is none of"),
        ((*DEV, "--group", "read,,data"), "'', which is none of"),
        ((*DEV, "--account", "1"), "must be the 12 digits of an account id"),
        ((*DEV, "--account", "１２３４５６７８９０１２"), "must be the 12 digits"),
        ((*DEV, "--region", "us-esat-1x"), "--region is 'us-esat-1x', which is no region of AWS"),
        ((*DEV, "--table", "Userz"), "did you mean 'Users'?"),
        ((*DEV, "--output", "."), ". cannot be written: Is a directory"),
    ],
)
def test_bad_usage(inv: Inv, words: tuple[str, ...], message: str) -> None:
    """Every mistake has its sentence, and stdout holds no policy."""
    run = inv(*words)

    assert (run.code, run.out) == (1, "")
    assert message in run.err


def test_a_prefix_of_the_shell_is_no_pattern(inv: Inv, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wildcard in OSEM_DB_PREFIX would cover other tables: it is refused, with tables or without."""
    monkeypatch.setenv("OSEM_DB_PREFIX", "osem-*")

    for tables in ("", "osem_tasks.declarations.osem:TABLES"):
        run = configured(inv, tables=tables)(*DEV)

        assert (run.code, run.out) == (1, "")
        assert "OSEM_DB_PREFIX may hold letters, digits" in run.err


def test_an_account_that_is_not_the_environments(inv: Inv) -> None:
    """The pinned account holds."""
    project = configured(inv, environments={"dev": {"account": "111111111111"}})

    run = project(*DEV, "--account", "222222222222")

    assert run.code == 1
    assert "environment 'dev' has the account 111111111111" in run.err


def test_the_page_has_the_table_of_the_package() -> None:
    """docs/policies.md lists the groups and their actions as the package has them."""
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", text, re.MULTILINE)

    assert [(name, tasks.replace("`", ""), actions) for name, tasks, actions in rows] == [
        (group.name, ", ".join(group.tasks), ", ".join(sorted(group.actions)))
        for group in GROUPS.values()
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_told(inv: Inv, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that cannot be written is a failure with a sentence of its own."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr("sys.stdout", full)
        run = inv(*DEV)

    assert run.code == 1
    assert "cannot be written to stdout: No space left on device" in run.err
