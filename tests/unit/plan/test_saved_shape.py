"""Documents that claim to be a plan: only one that this version wrote is taken."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.plan.actions import Plan
from osem_tasks.plan.repair import repair_actions
from osem_tasks.plan.saved import CHECKSUM, MARK, Origin, document_of, sealed
from osem_tasks.plan.saved_shape import checked
from osem_tasks.schema.compare import compare_all
from osem_tasks.schema.live import LiveTable
from osem_tasks.schema.model import Index, Key, Table, TableSet
from tests.support.examples import examples

HELD = Table(name="Users", key=Key.parse("pk S"), tags=(("team", "x"),))
DECLARED = Table(
    name="Users",
    key=HELD.key,
    global_indexes=(Index("one", Key.parse("a S")),),
    tags=(("team", "y"),),
)
TARGET = {
    "environment": "dev",
    "account": None,
    "region": "us-east-1",
    "endpoint": None,
    "tables": "osem-dev-{table}",
    "engine": "AWS",
}
TASKS: dict[str, tuple[str, ...]] = {"db.setup": ("--repair",), "db.repair": ("--prune",)}


def written() -> dict[str, Any]:
    """A plan with two steps on one table, as it is read from its file."""
    live = LiveTable(table=HELD, status="ACTIVE", index_status={}, identity="id-1", arn="arn")
    comparison = compare_all(TableSet((DECLARED,)), {"Users": live})
    origin = Origin(task="db.repair", version="1.0", written="2026-01-01", target=TARGET)
    plan = Plan(repair_actions(comparison))
    content: dict[str, Any] = json.loads(json.dumps(document_of(origin, comparison, plan)))
    return content


def read(content: object) -> dict[str, Any]:
    """The document, as version 1.0 takes it."""
    return checked(content, "1.0", TASKS)


def test_what_was_written_is_read() -> None:
    """The document is what was written, in the same words, and for people to read."""
    content = written()

    assert read(content) == content
    assert [step["action"] for step in content["actions"]] == ["create_index", "set_tags"]
    assert content["tables"][0]["differences"][1] == {
        "path": "tags",
        "expected": {"team": "y"},
        "found": {"team": "x"},
    }


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "it is no plan of osem_tasks, but None"),
        ([], "it is no plan of osem_tasks, but a list"),
        ({}, "an empty object"),
        ("plan", "it is no plan of osem_tasks, but 'plan'"),
        ({"format_version": "1.2", "terraform_version": "1.9"}, "a plan or a state of Terraform"),
        ({"Resources": {}}, "a template of CloudFormation"),
        ({"Tables": []}, "an object with 'Tables'"),
        ({MARK: 2}, "it is a plan of format 2, and osem_tasks 1.0 reads format 1"),
        ({MARK: True}, "format True"),
        ({MARK: "1"}, "format '1'"),
        ({MARK: None}, "format None"),
        ({MARK: 1}, "task is missing: is the file cut?"),
        ({MARK: 1, "version": "0.9"}, "osem_tasks 0.9 wrote it, and this is osem_tasks 1.0"),
    ],
    ids=str,
)
def test_what_is_no_plan_of_this_version_says_what_it_is(content: object, words: str) -> None:
    """Another tool's file, another format, another version: one sentence each."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        read(content)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "path, value, words",
    [
        (("target",), [], "target must be an object, not []"),
        (("target", "region"), 1, "target.region must be a text or null, not 1"),
        (("target", "tables"), None, "target.tables must be a text, not None"),
        (("options",), "--prune", "options must be a list, not '--prune'"),
        (("options",), [1], "options[0] must be a text, not 1"),
        (("options",), ["--yes"], "options has '--yes', which db.repair does not have"),
        (("options",), ["--repair"], "options has '--repair', which db.repair does not have"),
        (("narrowed",), 1, "narrowed must be true or false, not 1"),
        (("tables",), {}, "tables must be a list, not {}"),
        (("tables", 0, "differences", 0, "path"), None, "tables[0].differences[0].path must be"),
        (("tables", 0, "more"), 1, "tables[0].more is not known in a plan"),
        (("actions", 0, "state"), "maybe", "actions[0].state is 'maybe'"),
        (("actions", 0, "requires"), None, "actions[0].requires must be a list, not None"),
        (("actions", 0, "tableName"), "Teams", "a table that tables does not name"),
        (("actions", 0), 7, "actions[0] must be an object, not 7"),
        (("task",), "db.delete", "task is 'db.delete', and may be db.setup or db.repair"),
        (("also",), 1, "also is not known in a plan"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_forged_plan_is_refused_by_its_shape(
    path: tuple[Any, ...], value: object, words: str
) -> None:
    """A document with a checksum of its own is still checked in full."""
    content = written()
    _put(content, path, value)

    with pytest.raises(ValueError, match=r"\w") as caught:
        read(sealed(content))

    assert words in str(caught.value)


def _put(content: Any, path: tuple[Any, ...], value: object) -> None:
    for part in path[:-1]:
        content = content[part]
    content[path[-1]] = value


def test_a_table_twice_is_refused() -> None:
    """One table has one basis."""
    content = written()
    content["tables"] *= 2

    with pytest.raises(ValueError, match="names a table twice"):
        read(sealed(content))


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, but that of the checksum."""
    items: Any = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    inner = [place for key, part in items for place in _places(part, (*path, key))]
    return [place for place in [path, *inner] if place and place != (CHECKSUM,)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@given(st.sampled_from(_places(written())), VALUES, st.booleans())
@examples(400)
def test_an_edited_plan_is_refused(path: tuple[Any, ...], value: object, remove: bool) -> None:
    """Whatever is set to another value or removed, by hand: a sentence, and nothing else."""
    content = written()
    before = copy.deepcopy(content)
    holder = content
    for part in path[:-1]:
        holder = holder[part]
    if remove:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    if content == before and json.dumps(content) == json.dumps(before):
        return

    with pytest.raises(ValueError, match=r"\w"):
        read(content)


@given(st.sampled_from(_places(written())), VALUES)
@examples(400)
def test_a_forged_plan_is_taken_or_refused_in_words(path: tuple[Any, ...], value: object) -> None:
    """With a checksum that fits, a document has the shape of a plan or is refused: no crash."""
    content = written()
    _put(content, path, value)
    with contextlib.suppress(ValueError):
        assert read(sealed(content)).keys() == written().keys()
