"""Settings in nearly the right place: named, because Invoke passes over what it does not know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.config import near_misses
from tests.support.documents import DOCUMENTS

OWN = {"tables": "t.json"}


@pytest.mark.parametrize(
    "content, named",
    [
        pytest.param({"osme": OWN}, "'osme'", id="changed-places"),
        pytest.param({"ose": OWN}, "'ose'", id="missing-letter"),
        pytest.param({"osemm": OWN}, "'osemm'", id="added-letter"),
        pytest.param({"osen": {"prefix": "p-"}}, "'osen'", id="wrong-letter"),
        pytest.param({"OSEM": OWN}, "'OSEM'", id="capitals"),
        pytest.param({"Osem": {}}, "'Osem'", id="capital-and-empty"),
        pytest.param({"osem-tasks": OWN}, "'osem-tasks'", id="the-package"),
        pytest.param({"osem_tasks": OWN}, "'osem_tasks'", id="the-module"),
        pytest.param({"OSEM": OWN, "osem": {}}, "'OSEM'", id="beside-the-right-one"),
        pytest.param({"osem ": OWN}, "'osem '", id="blank"),
        pytest.param({"tables": "t.json"}, "'tables' at the top level", id="tables"),
        pytest.param({"tables": "t.json", "osem": {"port": 1}}, "'tables'", id="tables-beside"),
        pytest.param({"prefix": "shop-", "osem": OWN}, "'prefix'", id="prefix-beside"),
        pytest.param({"table_name": "{table}", "osem": OWN}, "'table_name'", id="pattern"),
        pytest.param(
            {"environments": {"dev": {"account": "1"}}}, "'environments'", id="environments"
        ),
    ],
)
def test_what_would_give_other_tables_is_refused(content: dict[str, Any], named: str) -> None:
    """The section or the setting is named, and where it belongs."""
    (problem,) = near_misses.problems(content)

    assert (named in problem, "osem" in problem) == (True, True)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"osem": OWN}, id="right"),
        pytest.param({"osm": {"url": "https://tile"}}, id="another-tool"),
        pytest.param({"osm": {"name": "x"}, "osem": OWN}, id="another-tool-beside-ours"),
        pytest.param({"environments": {"dev": {"host": "a"}}, "osem": OWN}, id="a-project-s-own"),
        pytest.param({"environments": ["dev"]}, id="a-list"),
        pytest.param({"prefix": "x", "osem": {"prefix": "y"}}, id="said-as-well"),
        pytest.param({"tables": {"a": "b"}, "run": {"echo": True}}, id="no-source"),
        pytest.param({"shop": {"tables": "t.json"}}, id="another-section"),
        pytest.param(None, id="empty"),
    ],
)
def test_a_project_s_own_sections_stay(content: Any) -> None:
    """Invoke's file is not ours alone."""
    assert near_misses.problems(content) == []


@pytest.mark.parametrize(
    "content, doubt",
    [
        (None, "it holds no settings"),
        ({}, "it holds no settings"),
        ({"port": 9000}, "'port' at the top level is not read"),
        ({"osem": {}}, ""),
        ({"run": {}}, ""),
    ],
)
def test_what_has_no_effect_is_a_warning(content: Any, doubt: str) -> None:
    """An empty file, and a setting without its section, change no table."""
    assert doubt in "".join(near_misses.doubts(content))
    assert bool(near_misses.doubts(content)) == bool(doubt)


@given(DOCUMENTS | st.dictionaries(st.sampled_from(("osem", "osme", "tables", "x")), DOCUMENTS))
def test_any_content_is_judged_in_sentences(content: Any) -> None:
    """No content of a file makes the check itself fail."""
    told = [*near_misses.problems(content), *near_misses.doubts(content)]

    assert all(told)
