"""What Invoke would stumble over, found before Invoke does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoke.config import Config, copy_dict, merge_dicts

from osem_tasks.config import sections
from tests.support.documents import DOCUMENTS, YAML_DOCUMENTS
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS = ("run", "tasks", "timeouts", "sudo", "osem", "run_env", "osem_port", "x", "x_y")
FILES = st.dictionaries(
    st.sampled_from(SECTIONS),
    st.dictionaries(st.sampled_from(("env", "dry", "port", "y", "environments")), DOCUMENTS)
    | DOCUMENTS,
    max_size=3,
)
VALUES = st.text("0123456789ax.", max_size=5)


@pytest.mark.parametrize(
    "content, problem",
    [
        pytest.param({"run": 5}, "'run' must be a mapping, not 5", id="run"),
        pytest.param({"tasks": "x"}, "'tasks' must be a mapping, not 'x'", id="tasks"),
        pytest.param({"timeouts": None}, "'timeouts' must be a mapping, not None", id="null"),
        pytest.param({"run": {"env": 5}}, "run.env must be a mapping, not 5", id="nested"),
        pytest.param({"run": {"shell": {}}}, "run.shell must not be a mapping, not {}", id="text"),
        pytest.param({"run": {"dry": "no"}}, "run.dry must be true or false, not 'no'", id="flag"),
        pytest.param({"run": {"shell": 5}}, "run.shell must be a string, not 5", id="shell"),
        pytest.param(
            {"tasks": {"executor_class": 5}}, "tasks.executor_class must be a string", id="class"
        ),
        pytest.param({5: 1}, "the key 5 must be a string; put it in quotes", id="number"),
        pytest.param({None: 1}, "the key None must be a string", id="null-key"),
        pytest.param(
            {"osem": {"environments": {False: {}}}},
            "the key False in 'osem.environments' must be a string",
            id="norway",
        ),
        pytest.param([], "it must be a mapping, of which 'osem' is one key", id="list"),
        pytest.param("osem", "it must be a mapping", id="word"),
    ],
)
def test_a_content_that_invoke_cannot_merge(content: Any, problem: str) -> None:
    """The key is named, and what belongs there."""
    (found,) = sections.problems(content)

    assert found.startswith(problem)


@pytest.mark.parametrize(
    "content, variables, problem",
    [
        pytest.param(
            {"osem_port": 1}, {}, "'osem.port' and 'osem_port' share the variable", id="one-name"
        ),
        pytest.param(
            {"x": [1]}, {"INVOKE_X": "1"}, "INVOKE_X cannot replace x, which is no", id="list"
        ),
        pytest.param(
            {}, {"INVOKE_RUN_WATCHERS": "1"}, "INVOKE_RUN_WATCHERS cannot replace", id="own"
        ),
        pytest.param(
            {"x": 1.5}, {"INVOKE_X": "y"}, "INVOKE_X must be a number as x is, not 'y'", id="float"
        ),
        pytest.param(
            {"x": 1}, {"INVOKE_X": "9" * 5_000}, "INVOKE_X must be a number as x is", id="huge"
        ),
    ],
)
def test_a_variable_that_cannot_replace_a_value(
    content: dict[str, Any], variables: dict[str, str], problem: str
) -> None:
    """The variable is named, and the key that it would replace."""
    merged = merge_dicts(copy_dict(sections.defaults()), content)

    (found,) = sections.variable_problems(merged, variables)

    assert found.startswith(problem)


@examples(200)
@given(FILES | YAML_DOCUMENTS, st.dictionaries(st.sampled_from(SECTIONS), VALUES, max_size=2))
def test_what_is_not_refused_invoke_takes(content: Any, values: Mapping[str, str]) -> None:
    """Invoke merges every content and reads every variable that has no problem here."""
    if sections.problems(content):
        return
    merged = merge_dicts(copy_dict(sections.defaults()), content)
    variables = {f"INVOKE_{name.upper()}": value for name, value in values.items()}
    if sections.variable_problems(merged, variables):
        return
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setitem(os.environ, name, value)
        Config(lazy=True, defaults=merged).load_shell_env()
