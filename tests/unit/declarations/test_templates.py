"""Real templates: each gives the right tables, or a refusal that names what is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from osem_tasks.declarations.context import Context
from osem_tasks.declarations.load import load
from osem_tasks.errors import ErrorCode, ModelError
from osem_tasks.schema.model import (
    Encryption,
    Index,
    Key,
    Projection,
    Table,
    Throughput,
    TimeToLive,
    table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from osem_tasks.schema.model import TableSet

CONTEXT = Context(region="eu-west-1", account="111122223333", local=False)
CARTS = """
Resources:
  Carts:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Carts
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: cartId, AttributeType: S}]
      KeySchema: [{AttributeName: cartId, KeyType: HASH}]
"""
PLAIN = table("Carts", "cartId S")


def carts(*lines: str, before: str = "", after: str = "", **changes: str) -> str:
    """A template with the table Carts: further property lines, and properties changed."""
    text = CARTS
    for name, value in changes.items():
        (old,) = [line for line in text.splitlines() if line.strip().startswith(f"{name}:")]
        text = text.replace(old, f"      {name}: {value}" if value else "")
    return before + text + "".join(f"      {line}\n" for line in lines) + after


def read(text: str, tmp_path: Path, context: Context = CONTEXT) -> TableSet:
    """The tables of a template in a file."""
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    return load("t.yaml", tmp_path, context)


STAGE = "Parameters:\n  Stage: {Type: String, Default: dev}\n"
PROD = STAGE + "Conditions:\n  IsProd: !Equals [!Ref Stage, prod]\n"
FOR_EACH = """
  Fn::ForEach::Regional:
    - Area
    - [North, South]
    - 'Stock${Area}':
        Type: AWS::DynamoDB::Table
        Properties:
          TableName: !Sub 'Stock-${Area}'
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions: [{AttributeName: sku, AttributeType: S}]
          KeySchema: [{AttributeName: sku, KeyType: HASH}]
"""
SIMPLE = """
Transform: AWS::Serverless-2016-10-31
Globals: {SimpleTable: {SSESpecification: {SSEEnabled: true}}, Function: {Timeout: 3}}
Resources:
  Carts:
    Type: AWS::Serverless::SimpleTable
"""
FLAGS = (
    "DeletionProtectionEnabled: !Ref Switch",
    "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: !Ref Switch}",
    "SSESpecification: {SSEEnabled: !Ref Switch}",
    "TimeToLiveSpecification: {AttributeName: endsAt, Enabled: !Ref Switch}",
)
EXCLUSIVE = """
Parameters: {Mode: {Type: String, Default: demand, AllowedValues: [demand, fixed]}}
Conditions:
  Demand: !Equals [!Ref Mode, demand]
  Fixed: !Not [!Condition Demand]
Resources:
  OnDemand:
    Type: AWS::DynamoDB::Table
    Condition: Demand
    Properties: &carts
      TableName: Carts
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: cartId, AttributeType: S}]
      KeySchema: [{AttributeName: cartId, KeyType: HASH}]
  Fixed:
    Type: AWS::DynamoDB::Table
    Condition: Fixed
    Properties:
      <<: *carts
      BillingMode: PROVISIONED
      ProvisionedThroughput: {ReadCapacityUnits: 2, WriteCapacityUnits: 3}
"""


def flags(word: str) -> str:
    """Carts with every setting that a parameter of this value switches."""
    return carts(*FLAGS, before=f"Parameters: {{Switch: {{Type: String, Default: {word!r}}}}}\n")


ON: dict[str, Any] = {"deletion_protection": True, "point_in_time_recovery": True}
OFF: dict[str, Any] = {"deletion_protection": False, "point_in_time_recovery": False}
READ: dict[str, tuple[str, list[Table]]] = {
    "text-false-switches-off": (
        flags("false"),
        [table("Carts", "cartId S", encryption=Encryption(), ttl=TimeToLive(None), **OFF)],
    ),
    "text-true-switches-on": (
        flags("True"),
        [
            table(
                "Carts",
                "cartId S",
                encryption=Encryption("KMS"),
                ttl=TimeToLive("endsAt"),
                **ON,
            )
        ],
    ),
    "globals-of-sam": (SIMPLE, [table("Carts", "id S", encryption=Encryption("KMS"))]),
    "simple-table-in-full": (
        SIMPLE
        + """    Properties:
      TableName: baskets
      PrimaryKey: {Name: no, Type: Number}
      ProvisionedThroughput: {ReadCapacityUnits: '5', WriteCapacityUnits: 6}
      SSESpecification: {SSEEnabled: false}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      Tags: {team: shop, cost: 12}
""".replace("no,", "'no',"),
        [
            table(
                "baskets",
                "no N",
                billing="PROVISIONED",
                throughput=Throughput(5, 6),
                encryption=Encryption(),
                point_in_time_recovery=True,
                tags=(("cost", "12"), ("team", "shop")),
            )
        ],
    ),
    "for-each-beside-a-table": (
        carts(before="Transform: AWS::LanguageExtensions\n", after=FOR_EACH),
        [PLAIN, table("Stock-North", "sku S"), table("Stock-South", "sku S")],
    ),
    "condition-of-a-default": (
        carts("DeletionProtectionEnabled: !If [IsProd, true, false]", before=PROD),
        [table("Carts", "cartId S", deletion_protection=False)],
    ),
    "no-value": (
        carts("StreamSpecification: !If [IsProd, {}, !Ref AWS::NoValue]", before=PROD),
        [PLAIN],
    ),
    "no-value-in-a-list": (
        carts(
            "Tags: [{Key: a, Value: b}, !If [IsProd, {Key: c, Value: d}, !Ref 'AWS::NoValue']]",
            before=PROD,
        ),
        [table("Carts", "cartId S", tags=(("a", "b"),))],
    ),
    "exclusive-conditions": (EXCLUSIVE, [PLAIN]),
    "the-other-exclusive-condition": (
        EXCLUSIVE.replace("Default: demand", "Default: fixed"),
        [table("Carts", "cartId S", billing="PROVISIONED", throughput=Throughput(2, 3))],
    ),
    "number-in-a-name": (
        carts(
            "Tags: [{Key: v, Value: !Ref Version}]",
            TableName="!Join ['-', [Carts, !Ref Version]]",
            before="Parameters: {Version: {Type: Number, Default: 2}}\n",
        ),
        [table("Carts-2", "cartId S", tags=(("v", "2"),))],
    ),
    "tags-that-are-no-texts": (
        carts("Tags: [{Key: Critical, Value: true}, {Key: Cost, Value: 4711}]"),
        [table("Carts", "cartId S", tags=(("Critical", "true"), ("Cost", "4711")))],
    ),
    "one-ceiling": (
        carts("OnDemandThroughput: {MaxReadRequestUnits: 100}"),
        [table("Carts", "cartId S", max_throughput=Throughput(100, -1))],
    ),
    "a-word-of-yaml-in-quotes": (
        carts(
            AttributeDefinitions="[{AttributeName: 'on', AttributeType: S}]",
            KeySchema="[{AttributeName: 'on', KeyType: HASH}]",
        ),
        [table("Carts", "on S")],
    ),
    "region-account-partition": (
        carts(TableName="!Sub '${AWS::Region}.${AWS::AccountId}.${AWS::Partition}'"),
        [table("eu-west-1.111122223333.aws", "cartId S")],
    ),
    "index": (
        carts(
            "GlobalSecondaryIndexes: [{IndexName: !Sub '${Stage}-index', Projection: "
            "{ProjectionType: INCLUDE, NonKeyAttributes: !Split [',', 'a,b']}, "
            "KeySchema: [{AttributeName: cartId, KeyType: HASH}]}]",
            before=STAGE,
        ),
        [
            Table(
                name="Carts",
                key=Key.parse("cartId S"),
                global_indexes=(
                    Index("dev-index", Key.parse("cartId S"), Projection("INCLUDE", ("a", "b"))),
                ),
            )
        ],
    ),
}


@pytest.mark.parametrize("text, expected", READ.values(), ids=list(READ))
def test_a_template_gives_its_tables(tmp_path: Path, text: str, expected: list[Table]) -> None:
    """What the template and the target tell is evaluated, in names and in every fact."""
    assert list(read(text, tmp_path)) == expected


REFUSED: dict[str, tuple[str, list[str]]] = {
    "stack-name": (
        carts(TableName="!Sub '${AWS::StackName}-Carts'"),
        ["line 6: resource 'Carts': TableName: AWS::StackName is known to AWS only"],
    ),
    "parameter-without-default": (
        carts(TableName="!Sub '${Stage}-Carts'", before="Parameters: {Stage: {Type: String}}\n"),
        ["resource 'Carts': TableName: parameter 'Stage' has no value"],
    ),
    "ssm-in-a-name": (
        carts(
            TableName="!Ref Name",
            before="Parameters: {Name: {Type: AWS::SSM::Parameter::Value<String>, Default: /a}}\n",
        ),
        ["TableName: the value of SSM parameter 'Name' is known to AWS only"],
    ),
    "not-a-truth-value": (
        flags("yes"),
        [
            "DeletionProtectionEnabled must be true or false, not 'yes'",
            "PointInTimeRecoveryEnabled must be true or false, not 'yes'",
            "SSESpecification.SSEEnabled must be true or false, not 'yes'",
            "TimeToLiveSpecification.Enabled must be true or false, not 'yes'",
        ],
    ),
    "misspelt-properties": (
        carts("GlobalSecondaryIndex: []", "DeletionProtection: true", "TimeToLive: {}"),
        [
            (
                "GlobalSecondaryIndex is not a property of AWS::DynamoDB::Table; did you mean "
                "'GlobalSecondaryIndexes'?"
            ),
            (
                "DeletionProtection is not a property of AWS::DynamoDB::Table; did you mean "
                "'DeletionProtectionEnabled'?"
            ),
            (
                "TimeToLive is not a property of AWS::DynamoDB::Table; did you mean "
                "'TimeToLiveSpecification'?"
            ),
        ],
    ),
    "misspelt-below": (
        carts("SSESpecification: {SseEnabled: true}", "Tags: [{Key: a, Value: b, Valu: c}]"),
        [
            "SSESpecification.SseEnabled is not known; did you mean 'SSEEnabled'?",
            "Tags[0].Valu is not known; did you mean 'Value'?",
        ],
    ),
    "misspelt-attribute-of-a-resource": (
        carts(after="    Conditon: X\n"),
        ["Conditon is not an attribute of a resource; did you mean 'Condition'?"],
    ),
    "misspelt-section": (
        carts(before="Paramters: {}\n"),
        ["line 1: Paramters is not a section of a template; did you mean 'Parameters'?"],
    ),
    "misspelt-type": (
        carts().replace("AWS::DynamoDB::Table", "AWS::DynamoDB::Tabel"),
        ["'AWS::DynamoDB::Tabel' is not a known type; did you mean 'AWS::DynamoDB::Table'?"],
    ),
    "misspelt-reference": (
        carts(TableName="!Ref Stag", before=STAGE),
        ["Ref 'Stag' is neither a parameter nor a resource; did you mean 'Stage'?"],
    ),
    "misspelt-function": (
        carts(TableName="!Jion ['', [a]]"),
        ["Fn::Jion is not a function that is known here; did you mean 'Fn::Join'?"],
    ),
    "misspelt-condition": (
        carts("DeletionProtectionEnabled: !If [Prod, true, false]", before=PROD),
        ["condition 'Prod' is not in Conditions; did you mean 'IsProd'?"],
    ),
    "unused-attribute": (
        carts(
            AttributeDefinitions="[{AttributeName: cartId, AttributeType: S}, "
            "{AttributeName: owner, AttributeType: S}]"
        ),
        ["attribute 'owner', but no key uses it"],
    ),
    "attribute-twice": (
        carts(
            AttributeDefinitions="[{AttributeName: cartId, AttributeType: S}, "
            "{AttributeName: cartId, AttributeType: N}]"
        ),
        ["attribute 'cartId' 2 times"],
    ),
    "serverless-variables": (
        carts(
            "Tags: [{Key: Stage, Value: '${opt:stage}'}]",
            TableName="${self:custom.stage}-Carts",
        ),
        [
            "TableName holds ${self:custom.stage}, a variable of the Serverless Framework",
            "Tags[0].Value holds ${opt:stage}, a variable of the Serverless Framework",
        ],
    ),
    "simple-table-key-without-type": (
        SIMPLE + "    Properties: {PrimaryKey: {Name: cartId}}\n",
        ["resource 'Carts': PrimaryKey.Type is missing"],
    ),
    "simple-table-unknown-properties": (
        SIMPLE + "    Properties: {BillingMode: PAY_PER_REQUEST, StreamSpecification: {}}\n",
        [
            "BillingMode is not a property of AWS::Serverless::SimpleTable",
            "StreamSpecification is not a property of AWS::Serverless::SimpleTable",
        ],
    ),
    "malformed-sub": (
        carts(TableName="!Sub ['a-${b}', {b: c}, d]"),
        ["resource 'Carts': TableName: Fn::Sub takes a string, or [string, mapping]"],
    ),
    "yaml-words-as-names": (
        carts(
            AttributeDefinitions="[{AttributeName: on, AttributeType: S}]",
            KeySchema="[{AttributeName: on, KeyType: HASH}]",
        ),
        [
            "AttributeDefinitions[0].AttributeName must be a string, not True: YAML reads yes",
            "KeySchema[0].AttributeName must be a string, not True: YAML reads yes",
        ],
    ),
    "both-billing-modes": (
        carts("ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 5}"),
        ["ProvisionedThroughput cannot be given with BillingMode PAY_PER_REQUEST"],
    ),
    "provisioned-without-units": (
        carts(BillingMode="PROVISIONED"),
        ["the table needs a throughput, because billing is PROVISIONED"],
    ),
    "provisioned-index-without-units": (
        carts(
            "ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 5}",
            "GlobalSecondaryIndexes: [{IndexName: owner-index, Projection: {ProjectionType: ALL}, "
            "KeySchema: [{AttributeName: cartId, KeyType: HASH}]}]",
            BillingMode="",
        ),
        ["index 'owner-index' needs a throughput"],
    ),
    "index-without-projection": (
        carts(
            "GlobalSecondaryIndexes: [{IndexName: owner-index, "
            "KeySchema: [{AttributeName: cartId, KeyType: HASH}]}]",
        ),
        ["GlobalSecondaryIndexes[0].Projection is missing"],
    ),
    "key-schema-as-mapping": (
        carts(KeySchema="{AttributeName: cartId, KeyType: HASH}"),
        ["line 9: resource 'Carts': KeySchema must be a list, not {"],
    ),
    "lower-case-types": (
        carts(
            AttributeDefinitions="[{AttributeName: cartId, AttributeType: String}]",
            KeySchema="[{AttributeName: cartId, KeyType: hash}]",
        ),
        [
            "AttributeDefinitions[0].AttributeType must be one of S, N, B, not 'String'",
            "KeySchema[0].KeyType must be one of HASH, RANGE, not 'hash'",
        ],
    ),
    "transform-include": (
        carts(
            "Fn::Transform: {Name: AWS::Include}",
            after="  Fn::Transform: {Name: AWS::Include}\n",
        ),
        [
            "resource 'Carts': Fn::Transform is carried out by AWS only",
            "resource 'Fn::Transform': Fn::Transform is carried out by AWS only",
        ],
    ),
    "several-problems-of-one-table": (
        carts("DeletionProtection: true", TableName="!ImportValue name", KeySchema="5"),
        [
            "DeletionProtection is not a property",
            "KeySchema must be a list, not 5",
            "TableName: Fn::ImportValue 'name' is known to AWS only",
        ],
    ),
    "a-property-without-value": (
        carts("DeletionProtectionEnabled:"),
        ["DeletionProtectionEnabled has no value (null)"],
    ),
    "a-key-that-does-not-count": (
        carts("SSESpecification: {SSEEnabled: false, KMSMasterKeyId: alias/own}"),
        ["SSESpecification.KMSMasterKeyId is given, but encryption with KMS is not enabled"],
    ),
    "resource-condition-of-aws": (
        carts(
            after="    Condition: Known\n",
            before="Conditions: {Known: !Equals [!Ref AWS::StackId, a]}\n",
        ),
        ["whether the table exists is not known: AWS::StackId is known to AWS only"],
    ),
    "two-tables-of-one-name": (
        carts(after=CARTS.replace("Resources:", "").replace("  Carts:", "  Baskets:")),
        ["table name 'Carts' appears 2 times"],
    ),
    "value-that-is-not-allowed": (
        carts(
            TableName="!Ref Stage",
            before="Parameters: {Stage: {Type: String, Default: x, AllowedValues: [dev, prod]}}\n",
        ),
        ["parameter 'Stage' must be one of dev, prod, not 'x'"],
    ),
    "yaml-word-as-the-name-of-a-parameter": (
        carts(before="Parameters: {On: {Type: String}}\n"),
        ["Parameters.True: a name must be a string; YAML reads yes, no, on"],
    ),
    "duplicate-resource": (carts(after=CARTS.split("\n", 2)[2]), ["the key 'Carts' appears twice"]),
}


@pytest.mark.parametrize("text, words", REFUSED.values(), ids=list(REFUSED))
def test_a_template_is_refused_in_words(tmp_path: Path, text: str, words: list[str]) -> None:
    """Every problem is told at once: the line, the resource, the property, what is expected."""
    from osem_tasks.errors import ConfigurationError, OsemError

    with pytest.raises(OsemError) as caught:
        read(text, tmp_path)

    assert isinstance(caught.value, (ConfigurationError, ModelError))
    assert caught.value.code is ErrorCode.INVALID_CONFIGURATION
    problems = sorted(caught.value.problems)
    assert [word for word in words if not any(word in problem for problem in problems)] == []
    assert len(problems) == len(words)


SSM = "Parameters: {Owner: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /shop/owner}}\n"
LISTED: dict[str, tuple[str, list[str], Table]] = {
    "what-nothing-here-manages": (
        carts(
            "ContributorInsightsSpecification: {Enabled: true}",
            "ResourcePolicy: {PolicyDocument: {Version: !Sub '${Nobody}'}}",
            "KinesisStreamSpecification: {StreamArn: !GetAtt Feed.Arn}",
            "ImportSourceSpecification: {}",
        ),
        [
            "ContributorInsightsSpecification",
            "ImportSourceSpecification",
            "KinesisStreamSpecification",
            "ResourcePolicy",
        ],
        PLAIN,
    ),
    "tag-of-ssm": (
        carts("Tags: [{Key: Owner, Value: !Ref Owner}, {Key: a, Value: b}]", before=SSM),
        ["Tags[Owner].Value"],
        table("Carts", "cartId S", tags=(("a", "b"),)),
    ),
    "key-of-another-resource": (
        carts("SSESpecification: {SSEEnabled: true, KMSMasterKeyId: !GetAtt Key.Arn}"),
        ["SSESpecification.KMSMasterKeyId"],
        table("Carts", "cartId S", encryption=Encryption("KMS")),
    ),
    "imported-switch": (
        carts("DeletionProtectionEnabled: !ImportValue protect"),
        ["DeletionProtectionEnabled"],
        # An environment's own protection must not be taken for the template's.
        table("Carts", "cartId S", ignored=frozenset({"deletion_protection"})),
    ),
    "dynamic-reference": (
        carts("TableClass: '{{resolve:ssm:/shop/class}}'"),
        ["TableClass"],
        PLAIN,
    ),
    "capacity-of-aws": (
        carts(
            "ProvisionedThroughput: {ReadCapacityUnits: !ImportValue r, WriteCapacityUnits: 4}",
            BillingMode="PROVISIONED",
        ),
        ["ProvisionedThroughput.ReadCapacityUnits"],
        table(
            "Carts",
            "cartId S",
            billing="PROVISIONED",
            throughput=Throughput(1, 4),
            ignored=frozenset({"read_capacity"}),
        ),
    ),
    "billing-of-aws": (
        carts(
            "ProvisionedThroughput: !If [A, {ReadCapacityUnits: 1, WriteCapacityUnits: 1}, "
            "!Ref AWS::NoValue]",
            BillingMode="!If [A, PROVISIONED, PAY_PER_REQUEST]",
            before="Conditions: {A: !Equals [!ImportValue a, b]}\n",
        ),
        ["BillingMode"],
        table("Carts", "cartId S", ignored=frozenset({"billing"})),
    ),
    "warm-index": (
        carts(
            "GlobalSecondaryIndexes: [{IndexName: all, Projection: {ProjectionType: ALL}, "
            "ContributorInsightsSpecification: {Enabled: true}, "
            "KeySchema: [{AttributeName: cartId, KeyType: HASH}]}]",
        ),
        ["GlobalSecondaryIndexes[all].ContributorInsightsSpecification"],
        table("Carts", "cartId S", {"all": "cartId S"}),
    ),
}


@pytest.mark.parametrize("text, paths, expected", LISTED.values(), ids=list(LISTED))
def test_what_is_not_managed_is_listed(
    tmp_path: Path, text: str, paths: list[str], expected: Table
) -> None:
    """A fact that nothing here manages, or that only AWS knows, is listed; the rest counts."""
    from dataclasses import replace

    (found,) = read(text, tmp_path)

    assert [path for path, _ in found.unmanaged] == paths
    assert replace(found, unmanaged=()) == expected


def test_nested_stacks_and_modules_are_listed(tmp_path: Path) -> None:
    """What may hold further tables and is not followed is named; a false condition hides it."""
    more = """
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./orders.yaml}}
  Module: {Type: Shop::DynamoDB::Table::MODULE, Properties: {TableName: Orders}}
  App: {Type: AWS::Serverless::Application, Condition: Never}
"""
    found = read(carts(before="Conditions: {Never: !Equals [a, b]}\n", after=more), tmp_path)

    assert found.unmanaged == (
        ("resource Nested", "AWS::CloudFormation::Stack is not followed"),
        ("resource Module", "Shop::DynamoDB::Table::MODULE is not followed"),
    )


@pytest.mark.parametrize("as_text", [True, False], ids=["yaml-text", "json"])
def test_what_get_template_prints(tmp_path: Path, as_text: bool) -> None:
    """The answer of get-template holds the template as a mapping, or as the text of a file."""
    import yaml

    body: Any = carts() if as_text else yaml.safe_load(carts())
    content = {"TemplateBody": body, "StagesAvailable": ["Original"]}
    (tmp_path / "t.json").write_text(json.dumps(content), encoding="utf-8")

    assert tuple(load("t.json", tmp_path)) == (PLAIN,)


def test_a_remedy_is_yaml_for_invoke_yaml(tmp_path: Path) -> None:
    """The remedy for parameters without a value gives what to write, for all of them."""
    import yaml

    text = carts(
        "Tags: [{Key: a, Value: !Ref Other}]",
        TableName="!Sub '${Stage}-${Area}'",
        before="Parameters: {Stage: {Type: String}, Other: {Type: String}, Area: {Type: String}}\n",
        after=CARTS.replace("Resources:", "")
        .replace("  Carts:", "  More:")
        .replace("TableName: Carts", "TableName: !Ref AWS::StackName"),
    )
    with pytest.raises(ModelError) as caught:
        read(text, tmp_path)

    _, found, rest = caught.value.remediation.partition("osem:")
    written = yaml.safe_load(found + rest.partition("   (")[0])
    assert {*written["osem"]["parameters"]} == {"Stage", "Area", "Other", "AWS::StackName"}
