"""What a dump and a load refuse, and what they say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import ITEM
from tests.support.faulty_aws import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Cloud
    from tests.support.inv import Inv

USERS = ("--table", "Users")


@pytest.fixture
def dumped(cloud: Cloud, inv: Inv, tmp_path: Path) -> str:
    """A dump of the one user of dev."""
    cloud.hold("dev", "Users")
    folder = str(tmp_path / "dumped")
    assert inv("db.dump", "--env", "dev", *USERS, "--output", folder).code == 0
    return folder


@pytest.mark.parametrize(
    "words, error",
    [
        ((), "CONFIRMATION_REQUIRED"),
        (("--yes",), ""),
        (("--force",), "CONFIRMATION_REQUIRED"),
        (("--unmasked",), None),
    ],
)
def test_unmasked_items_of_prod_need_a_word_of_their_own(
    cloud: Cloud, inv: Inv, tmp_path: Path, words: tuple[str, ...], error: str | None
) -> None:
    """Without a terminal and --unmasked, nothing is read and nothing written."""
    cloud.hold("prod", "Users")
    output = tmp_path / "out"
    force = () if "--force" in words else ("--force",)

    run = inv("db.dump", "--env", "prod", *USERS, "--output", str(output), *force, *words, "--json")

    if error == "":  # --yes is no option of a dump
        assert run.code != 0
    else:
        assert run.error == error
        assert not error or run.document["error"]["remediation"] == "Confirm with --unmasked."
    assert output.exists() is (error is None)
    assert bool(cloud.server.of("Scan")) is (error is None)


@pytest.mark.parametrize("full", [False, True], ids=["empty", "full"])
@pytest.mark.parametrize("force", [False, True], ids=["", "--force"])
def test_a_load_into_prod_needs_an_empty_table_and_force(
    cloud: Cloud, inv: Inv, dumped: str, full: bool, force: bool
) -> None:
    """Anything else writes nothing."""
    cloud.hold("prod", "Users")
    if not full:  # the table is held with an item
        cloud.client().delete_item(TableName="osem-prod-Users", Key={"userId": ITEM["userId"]})
    words = ("--force",) if force else ()

    run = inv("db.load", "--env", "prod", *USERS, "--input", dumped, *words, "--json")

    done = force and not full
    assert (run.code == 0) is done
    assert bool(cloud.server.of("BatchWriteItem")) is done
    if force and full:
        assert run.error == "PROTECTED_ENVIRONMENT"


@pytest.mark.parametrize("task", ["db.dump", "db.load"])
def test_dry_changes_nothing(
    cloud: Cloud, inv: Inv, dumped: str, tmp_path: Path, task: str
) -> None:
    """Invoke's --dry shows what would be done."""
    cloud.hold("staging", "Users")
    before = len(cloud.server.of("Scan", "BatchWriteItem"))
    where = ("--output", str(tmp_path / "o")) if task == "db.dump" else ("--input", dumped)

    run = inv.plain("--dry", task, "--env", "staging", *USERS, *where)

    assert (run.code, "nothing was written" in run.out) == (0, True)
    assert len(cloud.server.of("Scan", "BatchWriteItem")) == before
    assert not (tmp_path / "o").exists()


def test_a_large_table_is_left_to_aws(cloud: Cloud, inv: Inv, tmp_path: Path) -> None:
    """The exact commands are printed, and nothing is read; --force dumps it all the same."""
    cloud.hold("dev", "Users")
    large = json.dumps({"TableSizeBytes": 11 * 10**9})
    cloud.server.arm(Fault("DescribeTable", "with", message=large))
    command = ("db.dump", "--env", "dev", *USERS, "--output", str(tmp_path / "o"), "--json")

    run = inv(*command)

    assert run.error == "CONFIRMATION_REQUIRED"
    remedy = run.document["error"]["remediation"].splitlines()
    assert [re.sub(r" --.*", "", line) for line in remedy[:3]] == [
        "aws dynamodb update-continuous-backups",
        "aws dynamodb export-table-to-point-in-time",
        "aws s3 sync s3://BUCKET/Users dumps/Users",
    ]
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/osem-dev-Users"
    assert f"--table-arn {arn} --region us-east-1 --s3-bucket BUCKET" in remedy[1]
    assert "import-table" in remedy[4]
    assert "db.dump --env dev" in remedy[5]
    assert "--force" in remedy[5]
    assert not cloud.server.of("Scan")
    assert inv(*command, "--native-above", "12GB").code == 0
    assert inv(*command, "--force").code == 0


@pytest.mark.parametrize(
    "words, says",
    [
        (("db.dump", "--rate", "0"), "--rate must be a whole number"),
        (("db.dump", "--native-above", "much"), 'such as "500MB"'),
        (("db.dump", "--output", ""), "--output is given and empty"),
        (("db.dump", *USERS, "--table", "Nobody"), "Nobody is not a table"),
        (("db.load",), "--input must name the folder"),
        (("db.load", "--input", "/nowhere/at/all"), "cannot be read: No such file"),
        (("db.load", "--input", "/dev/null"), "cannot be read: Not a directory"),
        (("db.dump", *USERS, "--output", "/dev/null/x"), "cannot be written: Not a directory"),
        (("db.dump", *USERS, "--output", "/proc/x"), "cannot be written"),
    ],
)
def test_bad_usage_says_what_is_wrong(
    cloud: Cloud, inv: Inv, words: tuple[str, ...], says: str
) -> None:
    """In a sentence, before anything is read or written."""
    cloud.hold("dev", "Users")

    run = inv(words[0], "--env", "dev", *words[1:], "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert says in run.document["error"]["message"]
    assert not cloud.server.of("Scan", "BatchWriteItem")


def test_a_table_that_is_not_there_names_setup(inv: Inv, dumped: str) -> None:
    """A load creates no table."""
    run = inv("db.load", "--env", "staging", *USERS, "--input", dumped, "--json")

    assert run.error == "TABLE_NOT_FOUND"
    assert "db.setup" in run.document["error"]["remediation"]


def test_two_dumps_do_not_share_a_folder(cloud: Cloud, inv: Inv, tmp_path: Path) -> None:
    """A second one at the same time is refused."""
    from osem_tasks.data.dumps import locked

    cloud.hold("dev", "Users")
    output = tmp_path / "o"
    output.mkdir()
    with locked(output):
        run = inv("db.dump", "--env", "dev", *USERS, "--output", str(output), "--json")

    assert run.error == "INVALID_CONFIGURATION"
    assert "Another command is writing" in run.document["error"]["message"]


def test_a_second_dump_stands_beside_the_first(cloud: Cloud, inv: Inv, dumped: str) -> None:
    """A load takes the later one, and says so."""
    cloud.client().put_item(TableName="osem-dev-Users", Item={"userId": {"S": "late"}})
    assert inv("db.dump", "--env", "dev", *USERS, "--output", dumped).code == 0
    cloud.hold("staging", "Users")

    run = inv("db.load", "--env", "staging", *USERS, "--input", dumped)

    assert "Passed over, because a later dump of osem-dev-Users is there" in run.err
    assert cloud.client().scan(TableName="osem-staging-Users")["Count"] == 2
