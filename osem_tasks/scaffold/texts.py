"""The texts of the files that ``osem init`` writes. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from osem_tasks.scaffold.surroundings import Requirement

# The settings of ``osem``: strings, and mappings of them.
Settings = dict[str, Any]
# The names of the files that the others refer to.
REQUIREMENTS = "requirements-dynamodb.txt"
TESTS = "tests/test_tables.py"
EXAMPLE_SOURCE = "tables:TABLES"
YAML_HEADER = "osem:"

EXAMPLE = '''"""The tables of this project. Change them, then run db.setup."""

from osem_tasks.tables import TableSet, TimeToLive, table

TABLES = TableSet(
    (
        # A name, its key (S string, N number, B binary), and indexes: a name and a key each.
        table("Orders", "orderId S", {"customerId-index": "customerId S, placedAt N"}),
        table("Carts", "cartId S", ttl=TimeToLive("expiresAt")),
    )
)
'''

TASKS = '''"""The project's tasks; `inv --list` shows them."""

from osem_tasks import namespace

ns = namespace.build()
'''
TASKS_BY_HAND = """from osem_tasks import namespace
ns = namespace.build()
ns.add_task(YOUR_TASK)   # for each task of your own"""

_SESSION = f'''@nox.session
def dynamodb(session: nox.Session) -> None:
    """Run the tests on a fresh database, which is always removed."""
    session.install("-r", "{REQUIREMENTS}")
    with fresh_engine(session) as engine:
        session.run("pytest", *(engine.posargs or ["{TESTS}"]), env=engine.env)
'''
NOXFILE = f'''"""The project's sessions; `nox` runs them."""

import nox

# A nox with an environment of its own (pipx, uv tool) needs this package as well:
# pipx runpip nox install -r "$PWD/{REQUIREMENTS}"
from osem_tasks.nox import fresh_engine  # not found? see the line above


{_SESSION}'''
NOXFILE_BY_HAND = f"from osem_tasks.nox import fresh_engine\n{_SESSION}".rstrip()

TEST = '''"""The declared tables work: an item that is written is read again."""

import pytest

VALUES = {"S": {"S": "one"}, "N": {"N": "1"}, "B": {"B": b"one"}}


@pytest.fixture
def keys(dynamodb_tables, dynamodb_client):
    """A key for every declared table, by the table's real name."""
    found = {}
    for name in dynamodb_tables.values():
        described = dynamodb_client.describe_table(TableName=name)["Table"]
        types = {
            attribute["AttributeName"]: attribute["AttributeType"]
            for attribute in described["AttributeDefinitions"]
        }
        names = [part["AttributeName"] for part in described["KeySchema"]]
        found[name] = {key: VALUES[types[key]] for key in names}
    return found


def test_an_item_is_written_and_read(keys, dynamodb_client):
    """Every declared table is there, empty, and keeps an item."""
    for name, key in keys.items():
        dynamodb_client.put_item(TableName=name, Item=key)

        assert dynamodb_client.get_item(TableName=name, Key=key)["Item"] == key
'''


def section(settings: Settings, name: str) -> str:
    """Return the settings in the language of the file of that name."""
    if name.endswith(".toml"):
        return section_toml(settings)
    if name.endswith(".json"):
        return f'"osem": {json.dumps(settings)}'
    return f"osem = {settings!r}" if name.endswith(".py") else section_yaml(settings)


def settings_yaml(settings: Settings) -> str:
    """Return ``invoke.yaml``; ``settings`` are those of ``osem``."""
    return f"# Which tables the project has, and how they are named.\n{section_yaml(settings)}"


def section_yaml(settings: Settings) -> str:
    """Return the section ``osem``. It holds only ASCII, which Invoke reads in every locale."""
    return f"{YAML_HEADER}\n" + "".join(
        f"  {key}: {_yaml(value)}\n" for key, value in settings.items()
    )


def _yaml(value: object) -> str:
    if not isinstance(value, dict):
        return quoted(str(value))
    return f"{{{', '.join(f'{quoted(key)}: {_yaml(part)}' for key, part in value.items())}}}"


def quoted(value: str) -> str:
    """Return a string as YAML writes it in double quotes, on one line."""
    import yaml

    text: str = yaml.safe_dump(value, default_style='"', width=float("inf"))
    return text.strip()


def section_toml(settings: Settings) -> str:
    """Return the section ``[tool.osem]``."""
    return "[tool.osem]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in settings.items())


def _toml(value: object) -> str:
    if not isinstance(value, dict):
        # TOML has JSON's escapes, and forbids one character more.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{{{', '.join(f'{_toml(key)} = {_toml(part)}' for key, part in value.items())}}}"


def requirements(requirement: Requirement) -> str:
    """Return the file of requirements that the Nox session and CI install."""
    why = "# What the tasks and tests of DynamoDB need; the Nox session and CI install it.\n"
    if requirement.local:
        why += "# CI cannot reach this folder: name the repository or the index instead.\n"
    return f"{why}{requirement.text}\n"


def workflow(python: str, folder: str = "") -> str:
    """Return a GitHub workflow; ``folder`` is the project's within the repository."""
    place = (
        f"\n    defaults:\n      run:\n        working-directory: {quoted(folder)}"
        if folder
        else ""
    )
    return f"""# The declared tables on DynamoDB Local, and the tests on them.
name: DynamoDB

on:
  push:
  pull_request:
  workflow_dispatch:

permissions:
  contents: read

jobs:
  tables:
    runs-on: ubuntu-latest
    timeout-minutes: 15{place}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
      - run: python -m pip install -r {REQUIREMENTS}
      - run: osem local.up db.setup db.verify
      - run: python -m pytest {TESTS}
      - if: always()
        run: osem local.down

# To see every morning whether the tables on AWS still match, add to "on" above
#   schedule: [{{cron: "0 6 * * *"}}]
# and a job with a role that may read them, whose last step is
#   osem db.verify --env dev
"""
