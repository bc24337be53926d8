"""The pages of docs/ name tasks, messages, tests and pages that are there."""

from __future__ import annotations

import ast
import contextlib
import re
import shlex
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from invoke.parser import Parser

import osem_tasks
from osem_tasks import namespace
from osem_tasks.config.settings import Settings
from osem_tasks.engines import registry
from osem_tasks.errors import ErrorCode
from osem_tasks.schema.difference import IssueType
from tests.support import pages, transcripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from invoke.collection import Collection

PACKAGE = Path(osem_tasks.__file__).parent
ROOT = PACKAGE.parent
NAMES = ("tasks", "environments", "testing", "drift", "troubleshooting")
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in NAMES}
TROUBLE = PAGES["troubleshooting"]
# Before that, words of the shell and of Invoke are explained.
OF_CODES = TROUBLE[TROUBLE.index("\n## ENGINE_UNAVAILABLE") :]
NS: Collection = namespace.build()


def commands() -> list[str]:
    """Every `inv` and `osem` command of the pages: in blocks, in sentences, and in CI files."""
    found: set[str] = set()
    for page in PAGES.values():
        blocks = re.findall(r"```(?:sh|console|yaml)\n(.*?)```", page, re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        spans = re.findall(
            r"`((?:inv|osem) [a-z][^`]*)`", re.sub(r"```.*?```", "", page, flags=re.DOTALL)
        )
        for text in (*lines, *spans):
            found |= set(_in(text))
    return sorted(found)


def _in(text: str) -> Iterator[str]:
    """The commands within a line: after a prompt, a key of CI, or an operator of the shell."""
    text = re.sub(r"^\s*(\$ |- run: |- )", "", text.partition(" #")[0])
    for part in re.split(r"&&|\|\|", re.sub(r'eval "\$\((.*?)\)"', r"\1", text)):
        words = part.strip()
        if re.match(r"(inv|osem) [a-z]+[. ]?", words) and "…" not in words:
            yield words.partition(" > ")[0].strip()


def test_there_are_commands_to_check() -> None:
    """The search for commands finds those of every kind of place."""
    expected = {
        "inv db.setup --env dev",
        "inv db.repair --env dev --plan plan.json",
        "inv db.verify --junit tables.xml",
        "inv local.env",
        "inv local.up --fresh db.setup",
    }

    assert expected - set(commands()) == set()


@pytest.mark.parametrize("command", commands())
def test_every_command_parses(command: str) -> None:
    """No page shows a task or an option that is not there."""
    words = [word for word in shlex.split(command)[1:] if word != "--dry"]
    if words[0] == "init":
        return

    parsed = Parser(contexts=NS.to_contexts()).parse_argv(words)

    assert [one.name for one in parsed] == [w for w in words if re.fullmatch(r"(local|db)\.\w+", w)]


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_code_has_a_section(code: ErrorCode) -> None:
    """A user finds the code that the terminal shows as a heading, once."""
    assert re.findall(rf"^## {code.value}$", TROUBLE, re.MULTILINE) == [f"## {code.value}"]


@pytest.mark.parametrize("issue", list(IssueType))
def test_every_difference_is_explained(issue: IssueType) -> None:
    """What db.verify may name has a row with what to do."""
    assert re.search(rf"^\|[^|]*`{issue.value}`", TROUBLE, re.MULTILINE)


@cache
def texts() -> str:
    """Every constant text of the package; what a page quotes is within one of them."""
    found: list[str] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        found += [value for value in constants if isinstance(value, str)]
    return "\0".join(found)


def messages() -> list[str]:
    """The message that each point of a list explains."""
    return re.findall(r"^- `([^`]+)`", OF_CODES, re.MULTILINE)


@pytest.mark.parametrize("message", messages())
def test_every_message_is_one_of_the_package(message: str) -> None:
    """No page explains a sentence that nothing says: each part between two `…` is in the code."""
    parts = [part.strip(" '.") for part in re.split(r"…|'…'", message)]

    assert [part for part in parts if part not in texts()] == []


def test_every_point_has_a_message_and_what_to_do() -> None:
    """Each point is a message, what it means, and after an arrow what to type."""
    points = re.findall(r"^- .*$", OF_CODES, re.MULTILINE)

    assert len(messages()) == len(points) > 80
    whole = re.compile(r"- `[^`]+`(: .*)?\. → .*\.")
    assert [point for point in points if not whole.fullmatch(point)] == []


@pytest.mark.parametrize("place", re.findall(r"`(tests/\S+?\.py::\w+)`", PAGES["environments"]))
def test_every_test_that_holds_a_promise_is_there(place: str) -> None:
    """What can never be deleted is held by tests that exist."""
    path, _, name = place.partition("::")

    assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_no_module_deletes_items_or_backups() -> None:
    """No request that deletes an item or a backup is in the package."""
    words = ("delete_item", "DeleteRequest", "delete_backup", "DeleteBackup", "execute_statement")
    sources = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}

    assert [path.name for path, text in sources.items() if any(w in text for w in words)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_anchor_is_there(name: str) -> None:
    """A link to a section of one of these pages, or of an old one, leads to a heading."""
    broken = []
    for target, anchor in re.findall(r"\]\(([\w-]*(?:\.md)?)#([\w-]+)\)", PAGES[name]):
        path = ROOT / "docs" / (target or f"{name}.md")
        if path.exists() and anchor not in pages.anchors(pages.read(path)):
            broken.append(f"{target}#{anchor}")

    assert broken == []


@pytest.mark.parametrize(
    "text", re.findall(r"<!-- ci -->\n```yaml\n(.*?)```", PAGES["testing"], re.DOTALL)
)
def test_every_ci_file_is_yaml(text: str) -> None:
    """The examples for CI systems can be read, and use the pinned image."""
    from osem_tasks.config.defaults import DEFAULTS

    assert isinstance(yaml.safe_load(text), dict)
    images = re.findall(r"amazon/dynamodb-local:\S+", text)
    assert set(images) <= {str(DEFAULTS["image"])}


@pytest.mark.parametrize(
    "text",
    [
        block
        for page in PAGES.values()
        for block in re.findall(r"```yaml\n(osem:\n.*?)```", page, re.DOTALL)
    ],
)
def test_every_configuration_is_valid(text: str) -> None:
    """What a page shows of invoke.yaml has known keys and right values."""
    section = yaml.safe_load(text)["osem"]

    settings = Settings.read(section, {}, engines=registry.choices())

    declared = section.get("environments", {})
    assert set(declared) <= set(settings.environments)


@pytest.mark.parametrize(
    "shown, right",
    [("0\n", True), ("1\n", False), ("", False), ("0\n0\n", False)],
    ids=["as it is", "another line", "a line missing", "a line too many"],
)
def test_a_transcript_that_is_not_true_fails(tmp_path: Path, shown: str, right: bool) -> None:
    """A page is compared line by line, and stays as it is."""
    page = tmp_path / "page.md"
    page.write_text(f"Text.\n\n<!-- run -->\n```console\n$ echo $?\n{shown}```\n", encoding="utf-8")
    before = page.read_text(encoding="utf-8")

    with contextlib.nullcontext() if right else pytest.raises(AssertionError):
        transcripts.check(page, transcripts.Shell(tmp_path, {}))

    assert page.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("name", ["drift", "environments"])
def test_every_transcript_is_replayed(name: str) -> None:
    """No block of a page shows an output without a comment that has it run."""
    blocks = re.findall(r"^(.*)\n```console\n", PAGES[name], re.MULTILINE)

    assert set(blocks) == {"<!-- run -->"}


def test_no_output_is_invented() -> None:
    """A line that is shown alone stands in a transcript too."""
    texts_alone = [
        block
        for page in PAGES.values()
        for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    ]
    replayed = "".join(
        block
        for name in ("drift", "environments")
        for block in re.findall(r"```console\n(.*?)```", PAGES[name], re.DOTALL)
    ).splitlines()

    lines = [line for block in texts_alone for line in block.splitlines()]
    assert [line for line in lines if line not in replayed] == []
    assert lines
