"""The settings: each one is whole, from its field in ``Table`` to the call that repairs it.

A developer who adds a setting and forgets a part of it is told here which one.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import Phase, find, settings

from osem_tasks.declarations.export import terraform
from osem_tasks.plan.calls import call_for
from osem_tasks.plan.repair import repair_actions
from osem_tasks.schema.compare import compare, compare_all
from osem_tasks.schema.compare_live import wanting_everything
from osem_tasks.schema.difference import Verdict
from osem_tasks.schema.facts import SETTINGS, Setting, encryption_request
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Encryption, Key, Stream, Table, TableSet, TimeToLive
from osem_tasks.schema.reader import declared_table
from osem_tasks.schema.requests import create_request, document
from tests.properties import pairs
from tests.support.strategies import tables

PLAIN = Table(name="Plans", key=Key.parse("planId S"))
# What a table is made of beside its settings.
STRUCTURE = {
    "name",
    "key",
    "global_indexes",
    "local_indexes",
    "billing",
    "throughput",
    "max_throughput",
    "warm_throughput",
    "recovery_period_in_days",
    "ignored",
    "unmanaged",
    "notes",
}
# Two values of each setting that differ from each other and from AWS's default, where it
# has as many.
VALUES: dict[str, tuple[Any, ...]] = {
    "tags": ((("team", "core"),), (("team", "web"),)),
    "ttl": (TimeToLive("expiresAt"), TimeToLive("endsAt")),
    "stream": (Stream("NEW_IMAGE"), Stream("KEYS_ONLY")),
    "deletion_protection": (True,),
    "point_in_time_recovery": (True,),
    "encryption": (Encryption("KMS"), Encryption("KMS", "arn:aws:kms:eu-west-1:1:key/own")),
    "table_class": ("STANDARD_INFREQUENT_ACCESS",),
}
# DynamoDB removes no tag by TagResource: a declaration of no tags is as any table is.
CHANGES = [
    pytest.param(setting, declared, found, id=f"{setting.field}-{number}")
    for setting in SETTINGS
    for number, (declared, found) in enumerate(
        (one, other)
        for one in (*VALUES[setting.field], setting.default)
        for other in (*VALUES[setting.field], setting.default)
        if one not in (other, ()) and {one, other} != {*VALUES["encryption"]}
    )
]
EACH = pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.field)


def with_(setting: Setting, value: Any, table: Table = PLAIN) -> Table:
    """``table`` with that value of the setting."""
    changes = {setting.field: value}
    return replace(table, **changes)


def live(table: Table) -> LiveTable:
    """``table`` as an engine on AWS holds it."""
    return LiveTable(table=table, status="ACTIVE", index_status={}, arn="arn:aws:dynamodb:x:1:t")


def test_the_settings_and_the_fields_agree() -> None:
    """Every setting is a field of ``Table``, and every field is structure or a setting."""
    names = [setting.field for setting in SETTINGS]

    assert {*names} | STRUCTURE == {field.name for field in fields(Table)}
    assert len(names) == len({*names})
    assert {*names} == {*VALUES}


def test_every_setting_has_an_issue_type_of_its_own() -> None:
    """A difference of a setting can be told from every other one by its type."""
    types = [setting.issue_type for setting in SETTINGS]

    assert len(types) == len({*types})


@EACH
def test_random_tables_declare_every_setting(setting: Setting) -> None:
    """The random tables of the other tests do not leave the setting out."""
    found = find(
        tables(),
        lambda table: getattr(table, setting.field) is not None,
        settings=settings(max_examples=200, database=None, phases=[Phase.generate]),
    )

    assert getattr(found, setting.field) is not None


@EACH
def test_a_setting_survives_a_document(setting: Setting) -> None:
    """Every value, AWS's default too, is read back from what is written of it."""
    for value in (*VALUES[setting.field], setting.default):
        declared = with_(setting, value)

        assert declared_table("Plans", document(declared)) == declared


@EACH
def test_a_setting_is_sent_by_create_table_or_later(setting: Setting) -> None:
    """CreateTable carries the setting unless it is said not to take it."""
    plain = create_request(PLAIN)

    changed = [create_request(with_(setting, value)) != plain for value in VALUES[setting.field]]

    assert {*changed} == {setting.in_create}


@EACH
def test_what_is_read_by_a_call_of_its_own_is_asked_for(setting: Setting) -> None:
    """A comparison of live tables asks for what DescribeTable does not show."""
    asked = getattr(wanting_everything(PLAIN), setting.field)

    assert (asked is not None) == setting.own_call


@pytest.mark.parametrize("setting, declared, found", CHANGES)
def test_a_setting_is_compared_and_repaired(setting: Setting, declared: Any, found: Any) -> None:
    """A difference is one fact, and its repair is at least one action with its call."""
    expected, held = with_(setting, declared), live(with_(setting, found))
    comparison = compare_all(TableSet((expected,)), {"Plans": held})

    actions = repair_actions(comparison)
    calls = [call_for(action, expected, held) for action in actions]

    (diff,) = comparison.diffs
    assert [(fact.path, fact.issue_type) for fact in diff.issues] == [
        (setting.field, setting.issue_type)
    ]
    assert [action.mends for action in actions] == [(setting.field,)] * len(actions)
    assert calls != []


@EACH
def test_a_setting_that_is_as_declared_is_the_same(setting: Setting) -> None:
    """A value beside itself is no difference, AWS's default too."""
    for value in (*VALUES[setting.field], setting.default):
        diff = compare(with_(setting, value), live(with_(setting, value)))

        assert [fact.path for fact in diff.same if fact.path == setting.field] == [setting.field]


@EACH
def test_an_unreadable_setting_is_not_compared(setting: Setting) -> None:
    """What the engine cannot tell is neither the same nor different, and the reason is kept."""
    fact = setting.compare(setting.default, None, "it cannot be asked")

    assert (fact.verdict, fact.reason) == (Verdict.NOT_COMPARABLE, "it cannot be asked")
    assert fact.found is None


@pytest.mark.parametrize(
    "properties, expected",
    [
        pytest.param(
            {"SSEDescription": {"Status": "DISABLED"}}, Encryption("AWS_OWNED"), id="disabled"
        ),
        pytest.param(
            {"SSEDescription": {"Status": "DISABLING"}}, Encryption("AWS_OWNED"), id="disabling"
        ),
        pytest.param({"SSEDescription": {}}, Encryption("KMS"), id="no-status"),
        pytest.param(
            {"SSEDescription": {"Status": "UPDATING", "KMSMasterKeyArn": "arn:k"}},
            Encryption("KMS", "arn:k"),
            id="updating",
        ),
        pytest.param(
            {"SSESpecification": {"Enabled": False}}, Encryption("AWS_OWNED"), id="request-off"
        ),
        pytest.param(
            {"SSESpecification": {"Enabled": True, "KMSMasterKeyId": "alias/k"}},
            Encryption("KMS", "alias/k"),
            id="request-with-a-key",
        ),
        pytest.param(
            {"SSESpecification": {"SSEEnabled": True}}, Encryption("KMS"), id="template-on"
        ),
        pytest.param({"SSESpecification": {}}, Encryption("AWS_OWNED"), id="template-silent"),
        pytest.param({}, None, id="absent"),
    ],
)
def test_encryption_in_every_dialect(
    properties: dict[str, Any], expected: Encryption | None
) -> None:
    """A description, a request and a template mean the same key by different words."""
    (setting,) = [setting for setting in SETTINGS if setting.field == "encryption"]

    assert setting.read(properties) == expected


@pytest.mark.parametrize(
    "field, properties, expected",
    [
        pytest.param(
            "ttl",
            {"TimeToLiveSpecification": {"AttributeName": "at"}},
            TimeToLive("at"),
            id="ttl-of-a-template-is-on",
        ),
        pytest.param(
            "ttl",
            {"TimeToLiveSpecification": {"Enabled": False, "AttributeName": "at"}},
            TimeToLive(None),
            id="ttl-off",
        ),
        pytest.param(
            "stream",
            {"StreamSpecification": {"StreamViewType": "KEYS_ONLY"}},
            Stream("KEYS_ONLY"),
            id="stream-of-a-template-is-on",
        ),
        pytest.param(
            "stream",
            {"StreamSpecification": {"StreamEnabled": False}},
            Stream(None),
            id="stream-off",
        ),
        pytest.param(
            "table_class", {"TableClass": "STANDARD"}, "STANDARD", id="class-of-a-request"
        ),
        pytest.param(
            "table_class",
            {"TableClassSummary": {"TableClass": "STANDARD"}},
            "STANDARD",
            id="class-of-a-description",
        ),
        pytest.param("table_class", {"TableClass": ""}, None, id="class-that-is-empty"),
        pytest.param("tags", {"Tags": []}, (), id="no-tags"),
        pytest.param("deletion_protection", {"DeletionProtectionEnabled": None}, None, id="null"),
    ],
)
def test_settings_in_every_dialect(field: str, properties: dict[str, Any], expected: Any) -> None:
    """Descriptions, requests and templates say the same in few different words."""
    (setting,) = [setting for setting in SETTINGS if setting.field == field]

    assert setting.read(properties) == expected


@pytest.mark.parametrize(
    "encryption, expected",
    [
        pytest.param(None, {"Enabled": False}, id="none"),
        pytest.param(Encryption(), {"Enabled": False}, id="aws-owned"),
        pytest.param(Encryption("KMS"), {"Enabled": True, "SSEType": "KMS"}, id="managed"),
        pytest.param(
            Encryption("KMS", "alias/k"),
            {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/k"},
            id="own",
        ),
    ],
)
def test_encryption_request(encryption: Encryption | None, expected: dict[str, Any]) -> None:
    """DynamoDB's own key is asked for by switching KMS off, without any other word."""
    assert encryption_request(encryption) == expected


def test_terraform_and_the_random_pairs_know_every_setting() -> None:
    """A new setting is exported to Terraform, and tried by the properties of plans."""
    fields = {setting.field for setting in SETTINGS}

    assert terraform.SETTINGS.keys() == fields
    assert pairs.SETTINGS.keys() == fields
