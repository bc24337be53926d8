"""Write docs/tasks.md from the tasks: ``python -m scripts.task_reference``.

With ``--check`` nothing is written; the exit code is 1 if the page is not up to date.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osem_tasks import namespace
from osem_tasks.config.defaults import VARIABLES
from osem_tasks.config.variables import DECIDING
from osem_tasks.tasks.init import init
from osem_tasks.tasks.options import OUTPUT_OPTIONS, TARGET_OPTIONS
from scripts.task_effects import EFFECTS, Effect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from invoke.parser.argument import Argument
    from invoke.parser.context import ParserContext
    from invoke.tasks import Task

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tasks.md"
INIT = "osem init"
# Shown once, in a section of their own.
_SHARED = {"db": TARGET_OPTIONS, "local": OUTPUT_OPTIONS, INIT: TARGET_OPTIONS}
_HEAD = """\
# Tasks

This page answers: what does a task do, which options has it, what does it read, change and delete,
and with which exit code does it end? It is generated from the tasks by
`python -m scripts.task_reference`; `inv --help TASK` shows the same.

"""
_COMMON = """\
## Options of many tasks

Every task takes the options of the first table, every `db` task and `osem init` also those of the
second one, but for `--timeout`, which has a text of its own in some tasks. Where an option is not
given, the first variable that is set decides, then the setting in `invoke.yaml`
([which beats which](environments.md#what-beats-what)).

"""
_CODES = """\
## Exit codes

| code | meaning |
|---|---|
| 0 | all done, or nothing to do |
| 1 | failed, and nothing was changed; also a difference that a reading task found, and wrong usage |
| 2 | failed after something was changed; the report says what |
| 130 | interrupted (Ctrl-C or SIGTERM), with a report of what was done |

With `--json` every task prints exactly one document;
[json.md](json.md) describes them, [troubleshooting.md](troubleshooting.md) the error codes.
"""


def page() -> str:
    """Return the whole page."""
    contexts = _contexts()
    sections = [_section(name, task, context) for name, (task, context) in contexts.items()]
    return "\n".join([_HEAD + _index(contexts), _common(), *sections, _CODES])


def _contexts() -> dict[str, tuple[Task[Any], ParserContext]]:
    """Return every task with its options as Invoke's parser has them, in the catalogue's order."""
    from osem_tasks.tasks.catalogue import TASKS

    collection = namespace.build()
    parsed = {str(context.name): context for context in collection.to_contexts()}
    found = {name: (collection[name], parsed[name]) for name in TASKS}
    return {**found, INIT: (init, _own_context())}


def _own_context() -> ParserContext:
    from invoke.parser.context import ParserContext

    return ParserContext(name=INIT, args=init.get_arguments())


def _index(contexts: Mapping[str, tuple[Task[Any], ParserContext]]) -> str:
    rows = ["| task | deletes | permissions | does |", "|---|---|---|---|"]
    for name, (task, _) in contexts.items():
        summary, effect = _texts(task)[0], EFFECTS[name]
        deletes = "yes" if effect.deletes else ""
        rows.append(f"| {_anchor(name)} | {deletes} | {', '.join(effect.groups)} | {summary} |")
    return "\n".join(rows) + "\n"


def _anchor(name: str) -> str:
    slug = name.replace(".", "").replace(" ", "-")
    return f"[`{name}`](#{slug})"


def _common() -> str:
    _, context = _contexts()["db.list"]
    arguments = [argument for argument in _arguments(context) if _name(argument) in TARGET_OPTIONS]
    every = [argument for argument in arguments if _name(argument) in OUTPUT_OPTIONS]
    targets = [argument for argument in arguments if _name(argument) not in OUTPUT_OPTIONS]
    tables = [_table(context, every), _table(context, targets)]
    return _COMMON + "\n".join(tables)


def _section(name: str, task: Task[Any], context: ParserContext) -> str:
    summary, help_text, example = _texts(task)
    shared = _SHARED[INIT if name == INIT else name.partition(".")[0]]
    own = [argument for argument in _arguments(context) if not _is_shared(argument, shared)]
    effect = EFFECTS[name]
    parts = [f"## {name}\n", f"{summary}\n"]
    parts += [f"{help_text}\n"] if help_text else []
    parts += [f"```sh\n{example}\n```\n"]
    parts += [_table(context, own)] if own else []
    parts += ["\n".join(_facts(effect)) + "\n"]
    return "\n".join(parts)


def _texts(task: Task[Any]) -> tuple[str, str, str]:
    """Return the summary, the paragraphs of the help, and the example."""
    summary, _, rest = (inspect.getdoc(task.body) or "").partition("\n")
    help_text, _, example = rest.partition("Example: ")
    paragraphs = [" ".join(text.split()) for text in help_text.split("\n\n")]
    return summary, "\n\n".join(filter(None, paragraphs)), example.strip()


def _facts(effect: Effect) -> Iterator[str]:
    yield f"- Reads: {effect.reads}."
    yield f"- Changes: {effect.changes or 'nothing'}."
    yield f"- Deletes: {effect.deletes or 'nothing'}."
    if effect.groups:
        yield f"- Permissions on AWS: {', '.join(effect.groups)} ([policies](policies.md))."
    yield f"- Exit codes: 0, 1, {'2, ' if effect.partial else ''}130."


def _arguments(context: ParserContext) -> list[Argument]:
    """Return the options, each once, in the order of Invoke's help."""
    return sorted({id(one): one for one in context.args.values()}.values(), key=_name)


def _name(argument: Argument) -> str:
    return str(argument.attr_name or argument.name).rstrip("_").replace("-", "_")


def _is_shared(argument: Argument, shared: dict[str, tuple[Any, str]]) -> bool:
    """Return whether the option has the same text in the table of common options."""
    name = _name(argument)
    return name in shared and shared[name][1] == argument.help


def _table(context: ParserContext, arguments: Sequence[Argument]) -> str:
    rows = ["| option | default from | meaning |", "|---|---|---|"]
    for argument in arguments:
        flag, text = context.help_for(f"--{str(argument.name).strip('_').replace('_', '-')}")
        rows.append(f"| `{flag}` | {_sources(_name(argument))} | {cell(text)} |")
    return "\n".join(rows) + "\n"


def cell(text: str) -> str:
    """Return a text as one cell of a table: on one line, without a separator or markup of HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _sources(name: str) -> str:
    """Return what decides where the option is not given: variables, then the setting."""
    found = [f"`{variable}`" for variable in DECIDING.get(name, ())]
    if name in VARIABLES:
        found.append(f"`osem.{name}`")
    return ", ".join(found)


def main(words: Sequence[str]) -> int:
    """Write the page, or check it; return the exit code."""
    new = page()
    if "--check" in words:
        return int(PAGE.read_text(encoding="utf-8") != new)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
