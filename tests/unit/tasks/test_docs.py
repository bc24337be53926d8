"""`db.docs` as a user calls it: no engine runs here, and nothing leads to AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import osem_tasks
from osem_tasks.declarations.docs.data_model import MARK

if TYPE_CHECKING:
    from tests.support.inv import Inv, Run

ROOT = Path(osem_tasks.__file__).parents[1]
NOTES = """
Carts:
  text: What somebody means to buy.
  attributes: {buyer: "S?: a <b>bold</b> buyer"}
  patterns: {One cart: primary key}
"""
ATTRIBUTE = {"AttributeName": "cartId", "AttributeType": "S"}
TABLE = {
    "TableName": "Carts",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "cartId", "KeyType": "HASH"}],
    "AttributeDefinitions": [ATTRIBUTE],
}
WORKBENCH = {"TableName": "Carts", "KeyAttributes": {"PartitionKey": ATTRIBUTE}}
CARTS = {"Type": "AWS::DynamoDB::Table", "Properties": TABLE}
# The same table in a file of each kind.
SOURCES: dict[str, tuple[str, str]] = {
    "create-table": ("t.json", json.dumps(TABLE)),
    "cloudformation": ("t.yaml", json.dumps({"Resources": {"Carts": CARTS}})),
    "workbench": ("model.json", json.dumps({"DataModel": [WORKBENCH]})),
    "python": (
        "shop_of_docs.py",
        "from osem_tasks.tables import table\nTABLES = table('Carts', 'cartId S')\n",
    ),
}


@pytest.fixture
def inv(lost_inv: Inv) -> Inv:
    """The task asks nobody: it works in a shell that leads nowhere."""
    return lost_inv


def test_osems_page_and_picture_are_up_to_date(inv: Inv, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the repository shows is what the declaration says: else the message has the command."""
    monkeypatch.chdir(ROOT)

    words = ("--output", "docs/data-model.md", "--svg", "docs/images/data-model.svg")
    run = inv("db.docs", *words, "--check")

    assert run.code == 0, run.err


@pytest.mark.parametrize("kind", SOURCES)
def test_tables_of_every_kind_of_source(inv: Inv, tmp_path: Path, kind: str) -> None:
    """A stranger's tables, with notes of a file of their own."""
    name, content = SOURCES[kind]
    (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "notes.yaml").write_text(NOTES, encoding="utf-8")
    source = "shop_of_docs:TABLES" if kind == "python" else name
    (tmp_path / "invoke.yaml").write_text(
        json.dumps({"osem": {"tables": source, "notes": "notes.yaml"}}), encoding="utf-8"
    )

    run = inv("db.docs")
    data = inv("db.docs", "--json").document["data"]

    assert run.code == 0, run.err
    assert run.out.startswith(MARK)
    assert "| `buyer` | S | optional | a \\<b\\>bold\\</b\\> buyer |" in run.out
    assert data["markdown"] == run.out
    (table,) = data["tables"]
    assert table["key"]["partition"] == [{"name": "cartId", "type": "S"}]
    assert table["patterns"] == [{"name": "One cart", "index": None, "key": "cartId", "how": ""}]


def files_of(run: Run) -> dict[str, str]:
    """The state of every file of a run."""
    return {Path(row["path"]).name: row["state"] for row in run.document["data"]["files"]}


def test_files_are_written_once(inv: Inv, tmp_path: Path) -> None:
    """Into a folder go both; what is up to date is not written again, and the page shows the picture."""
    folder = tmp_path / "docs"
    folder.mkdir()

    first = inv("db.docs", "--output", str(folder), "--json")
    inode = (folder / "data-model.md").stat().st_ino
    second = inv("db.docs", "--output", str(folder), "--json")

    assert files_of(first) == {"data-model.md": "written", "data-model.svg": "written"}
    assert files_of(second) == {"data-model.md": "current", "data-model.svg": "current"}
    assert (folder / "data-model.md").stat().st_ino == inode
    assert "](<data-model.svg>)" in (folder / "data-model.md").read_text(encoding="utf-8")
    assert {path.name for path in folder.iterdir()} == {"data-model.md", "data-model.svg"}


@pytest.mark.parametrize("given", [("new/", "new/"), ("new/", None), (None, "new/")])
def test_a_folder_holds_the_files(
    inv: Inv, tmp_path: Path, given: tuple[str | None, str | None]
) -> None:
    """Also a picture goes into a folder, which may not be there yet, under the name of its own."""
    output, svg = given
    words = [*(["--output", output] if output else []), *(["--svg", svg] if svg else [])]

    run = inv("db.docs", *words)

    assert run.code == 0, run.err
    wanted = {"data-model.md", "data-model.svg"} if output else {"data-model.svg"}
    assert {path.name for path in (tmp_path / "new").iterdir()} == wanted


@pytest.mark.parametrize(
    "change, code, words",
    [
        pytest.param(lambda text: text, 0, "up to date", id="as-it-is"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), 0, "up to date", id="windows"),
        pytest.param(lambda text: text.replace("Teams", "Taems"), 1, "-## Taems", id="stale"),
        pytest.param(lambda _: None, 1, "page.md: missing", id="missing"),
        pytest.param(lambda _: "\udc80", 1, "page.md", id="no-text"),
    ],
)
def test_check_says_what_differs(
    inv: Inv, tmp_path: Path, change: Any, code: int, words: str
) -> None:
    """Exit code 1 with the lines that differ and the command that writes the page; nothing is written."""
    page = tmp_path / "page.md"
    inv("db.docs", "--output", "page.md")
    changed = change(page.read_bytes().decode())
    page.unlink()
    if changed is not None:
        page.write_bytes(changed.encode(errors="surrogateescape"))

    run = inv("db.docs", "--output", "page.md", "--check")

    assert run.code == code
    assert words in run.out
    assert code == 0 or "db.docs --env local --output page.md" in run.err
    assert page.exists() == (changed is not None)


def test_a_foreign_file_is_kept(inv: Inv, tmp_path: Path) -> None:
    """What something else wrote needs `--force`; an empty file needs nothing, `--dry` writes nothing."""
    page = tmp_path / "page.md"
    page.write_text("# Mine\n", encoding="utf-8")

    refused = inv("db.docs", "--output", "page.md", "--svg", "new.svg", "--json")
    kept = page.read_text(encoding="utf-8")
    dry = inv.plain("--dry", "db.docs", "--output", "page.md", "--force")
    forced = inv("db.docs", "--output", "page.md", "--force")

    assert (refused.code, refused.error, kept) == (1, "CONFIRMATION_REQUIRED", "# Mine\n")
    assert not (tmp_path / "new.svg").exists()
    assert (dry.code, "page.md would be written" in dry.out) == (0, True)
    assert (forced.code, page.read_text(encoding="utf-8").startswith(MARK)) == (0, True)


@pytest.mark.parametrize(
    "notes, words",
    [
        ("Cart: {}", "'Cart' is no declared table"),
        ("Users: {texts: x}", "notes.yaml: Users: 'texts' is not known; did you mean 'text'?"),
        ("Users: {patterns: {a: x-index}}", "there is no index 'x-index'"),
        ("Users: {attributes: {a: Str}}", "Users.attributes.a has the type 'Str'"),
        ("Users: {attributes: {a: S -> User}}", "did you mean 'Users'?"),
        ("Users: {attributes: {userId: N}}", "attribute 'userId' is N, and S in a key"),
        ("a: 1\n---\nb: 1", "it holds 2 YAML documents"),
        ("[]", "it must map tables to their notes"),
        ("a: [", "it cannot be parsed: line"),
        ("Users: 5", "Users must be a mapping, not 5"),
        ("Users: {attributes: [S]}", "Users.attributes must be a mapping"),
        ("Users: {patterns: {a: }}", "Users.patterns.a must name an index, or 'primary key'"),
    ],
)
def test_notes_that_are_wrong(inv: Inv, tmp_path: Path, notes: str, words: str) -> None:
    """The mistake is named with the nearest name, and nothing is written."""
    (tmp_path / "notes.yaml").write_text(notes, encoding="utf-8")
    settings = {"osem": {"tables": "osem_tasks.declarations.osem:TABLES", "notes": "notes.yaml"}}
    (tmp_path / "invoke.yaml").write_text(json.dumps(settings), encoding="utf-8")

    run = inv("db.docs", "--output", "page.md", "--json")

    assert (run.code, run.error) == (1, "INVALID_CONFIGURATION")
    assert words in run.document["error"]["message"]
    assert not (tmp_path / "page.md").exists()


def test_notes_of_names_with_the_environment(inv: Inv, tmp_path: Path) -> None:
    """A template may name its tables by the environment; so does the file of notes."""
    properties = {**TABLE, "TableName": {"Fn::Sub": "carts-${Stage}"}}
    template = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Resources": {"Carts": {**CARTS, "Properties": properties}},
    }
    (tmp_path / "t.json").write_text(json.dumps(template), encoding="utf-8")
    (tmp_path / "notes.yaml").write_text("carts-{env}: {text: Of {env}.}", encoding="utf-8")
    settings = {"tables": "t.json", "notes": "notes.yaml", "parameters": {"Stage": "{env}"}}
    (tmp_path / "invoke.yaml").write_text(json.dumps({"osem": settings}), encoding="utf-8")

    run = inv("db.docs", "--env", "prod")

    assert run.code == 0, run.err
    assert "Of prod." in run.out


@pytest.mark.parametrize(
    "words, message",
    [
        (("--check",), "--check compares files, and none is named"),
        (("--table", "Userz"), "did you mean 'Users'?"),
        (("--output", "a.md", "--svg", "./a.md"), "--output and --svg name the same file, a.md"),
        (
            ("--output", "a/", "--svg", "a/data-model.md"),
            "--output and --svg name the same file, a/data-model.md",
        ),
        (("--output", "x" * 400), "cannot be"),
        (("--output", "-"), "- cannot be written"),
        (("--env", "nope"), "unknown environment 'nope'"),
    ],
)
def test_bad_usage(inv: Inv, words: tuple[str, ...], message: str) -> None:
    """Every mistake has its sentence."""
    run = inv("db.docs", *words, "--json")

    assert run.code == 1
    assert message in run.document["error"]["message"]


def test_one_table_and_quiet(inv: Inv) -> None:
    """`--table` takes the name in the model or the full one; `--quiet` does not silence the page."""
    for name in ("Teams", "osem-local-Teams"):
        run = inv("db.docs", "--table", name, "--quiet")

        assert (run.code, run.out.count("\n## ")) == (0, 2)
        assert "→ Users" in run.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_told(inv: Inv, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that cannot be written is a failure with a sentence of its own."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr("sys.stdout", full)
        run = inv("db.docs")

    assert run.code == 1
    assert "cannot be written to stdout: No space left on device" in run.err
