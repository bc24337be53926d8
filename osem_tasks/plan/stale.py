"""Names what has changed since a plan was saved. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osem_tasks.schema.difference import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osem_tasks.plan.saved import Document

_TARGET_WORDS = {
    "environment": "the environment",
    "account": "the AWS account",
    "region": "the region",
    "endpoint": "the endpoint",
    "tables": "the pattern of the table names",
    "engine": "the engine",
}
# What explains a step, and may change from one reading to the next, as a count of items does.
_EXPLAINS = ("reason", "creates")


def target_changes(
    saved: Mapping[str, str | None], now: Mapping[str, str | None]
) -> dict[str, str]:
    """Return a sentence for each part of the target that is another one, by its name."""
    return {
        part: f"{words} was {_named(part, then)}, and is {_named(part, here)}"
        for part, words in _TARGET_WORDS.items()
        if (then := saved[part]) != (here := now[part])
    }


def changes(saved: Document, now: Document) -> list[str]:
    """Return a sentence for everything else that is not as it was: options, tables and steps.

    Equal documents have none, and documents with another step always have one.
    """
    found = [*_option_changes(saved, now), *_table_changes(saved, now)]
    if not found and _steps(saved) != _steps(now):
        found = [*_step_changes(saved, now)] or ["the order of the steps is another one"]
    return found


def _named(part: str, value: str | None) -> str:
    if value is not None:
        return value
    return "none, as on a local engine" if part == "account" else "AWS's own"


def _option_changes(saved: Document, now: Document) -> Iterator[str]:
    for option in sorted({*now["options"]} - {*saved["options"]}):
        yield f"{option} was not given when the plan was written"
    for option in sorted({*saved["options"]} - {*now["options"]}):
        yield f"{option} was given when the plan was written"


def _table_changes(saved: Document, now: Document) -> Iterator[str]:
    before = {table["tableName"]: table for table in saved["tables"]}
    after = {table["tableName"]: table for table in now["tables"]}
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"{name} is not among the tables any more"
        elif name not in before:
            yield f"{name} was not among the tables"
        else:
            yield from _changes_of(name, before[name], after[name])


def _changes_of(name: str, before: Document, after: Document) -> Iterator[str]:
    if before["declared"] != after["declared"]:
        yield f"the declaration of {name} has changed"
    if before["tableId"] != after["tableId"]:
        yield f"{name} {_replaced(before['tableId'], after['tableId'])}"
        return
    if before["declared"] != after["declared"]:
        return  # its differences follow
    then, here = _differences(before), _differences(after)
    told = [
        f"{name}: {path} was {_state(path, then, here)}, and is {_state(path, here, then)}"
        for path in [*then, *(path for path in here if path not in then)]
        if then.get(path) != here.get(path)
    ]
    yield from told
    if not told and before["live"] != after["live"]:
        yield f"{name}: other facts of it can be compared"


def _replaced(before: str | None, after: str | None) -> str:
    if before is None:
        return "did not exist, and does now"
    return "existed, and does not now" if after is None else "was deleted and created again"


def _differences(table: Document) -> dict[str, tuple[Any, Any]]:
    return {fact["path"]: (fact["expected"], fact["found"]) for fact in table["differences"]}


def _state(
    path: str, differences: Mapping[str, tuple[Any, Any]], others: Mapping[str, tuple[Any, Any]]
) -> str:
    """Return what was found at ``path``; ``others`` are the differences at the other time."""
    if path in differences:
        found = differences[path][1]
        return "missing" if found is None else display(found)
    # A whole index that is not declared.
    undeclared = path.endswith("]") and others[path][0] is None
    return "not there" if undeclared else "as declared"


def _steps(document: Document) -> list[Document]:
    return [_step(step) for step in document["actions"]]


def _step(step: Document) -> Document:
    return {name: value for name, value in step.items() if name not in _EXPLAINS}


def _step_changes(saved: Document, now: Document) -> Iterator[str]:
    before, after = _steps(saved), _steps(now)
    yield from (f"no step any more: {_text(step)}" for step in before if step not in after)
    yield from (f"a new step: {_text(step)}" for step in after if step not in before)


def _text(step: Document) -> str:
    words = step["action"].replace("_", " ")
    return f"{step['tableName']}: {words} {step['target']} ({step['state']})"
