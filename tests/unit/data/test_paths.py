"""Attribute paths: every form, every wrong one in words, and text -> path -> text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.data.paths import ANY_ELEMENT, ANY_NAME, MAX_STEPS, Element, Name, Path, PathStep


@pytest.mark.parametrize(
    "text, steps",
    [
        pytest.param("email", (Name("email"),), id="name"),
        pytest.param("profile.name", (Name("profile"), Name("name")), id="nested"),
        pytest.param("a[0]", (Name("a"), Element(0)), id="element"),
        pytest.param("a[12][3]", (Name("a"), Element(12), Element(3)), id="elements"),
        pytest.param("a[*].b", (Name("a"), ANY_ELEMENT, Name("b")), id="any-element"),
        pytest.param("a.*.b", (Name("a"), ANY_NAME, Name("b")), id="any-name"),
        pytest.param("*.b", (ANY_NAME, Name("b")), id="any-attribute"),
        pytest.param("*", (ANY_NAME,), id="every-attribute"),
        pytest.param('"first.name"', (Name("first.name"),), id="dot"),
        pytest.param('a."b[0]".c', (Name("a"), Name("b[0]"), Name("c")), id="brackets"),
        pytest.param('"*"', (Name("*"),), id="star-as-a-name"),
        pytest.param(r'"say \"hi\" \\"', (Name('say "hi" \\'),), id="escapes"),
        pytest.param("first name", (Name("first name"),), id="space-within"),
        pytest.param("PK#1:x-y", (Name("PK#1:x-y"),), id="other-signs"),
        pytest.param("straße.名", (Name("straße"), Name("名")), id="unicode"),
        pytest.param("0", (Name("0"),), id="digits-are-a-name"),
    ],
)
def test_paths(text: str, steps: tuple[PathStep, ...]) -> None:
    """Names, quoted names, elements and both wildcards are read; the text comes out again."""
    path = Path.parse(text)

    assert (path.steps, str(path)) == (steps, text)


@pytest.mark.parametrize(
    "text, problem",
    [
        pytest.param("", "a name is missing at its end", id="empty"),
        pytest.param("a.", "a name is missing at its end", id="dot-at-the-end"),
        pytest.param(".a", "a name is missing before '.a'", id="dot-first"),
        pytest.param("a..b", "a name is missing before '.b'", id="two-dots"),
        pytest.param("[0]", "a name is missing before '[0]'", id="element-first"),
        pytest.param("a.[0]", "a name is missing before '[0]'", id="dot-before-element"),
        pytest.param("a[", "'[' does not begin with an index such as [0]", id="open"),
        pytest.param("a[]", "'[]' does not begin with an index", id="no-index"),
        pytest.param("a[-1]", "'[-1]' does not begin with an index", id="negative"),
        pytest.param("a[x]", "'[x]' does not begin with an index", id="name-as-index"),
        pytest.param("a[1", "'[1' does not begin with an index", id="unclosed"),
        pytest.param("a[9999999]", "does not begin with an index", id="huge"),
        pytest.param("a[٣]", "does not begin with an index", id="other-digits"),
        pytest.param("a[0]b", "a '.' is missing before 'b'", id="no-dot-after-element"),
        pytest.param("a*", "a '.' is missing before '*'", id="part-of-a-name"),
        pytest.param("a.**", "a '.' is missing before '*'", id="two-stars"),
        pytest.param('"a', "the quotes of '\"a' do not end", id="open-quotes"),
        pytest.param('""', "a name is missing at its end", id="empty-quotes"),
        pytest.param(r'"\n"', "hold a backslash of no use", id="unknown-escape"),
        pytest.param("a ", "the name 'a ' has white space around it", id="space-at-the-end"),
        pytest.param("a. b", "the name ' b' has white space around it", id="space-after-a-dot"),
        pytest.param(".".join("a" * 34), "it has 34 steps, and items nest 32 levels", id="deep"),
    ],
)
def test_wrong_paths(text: str, problem: str) -> None:
    """What is wrong is said in words, with the place."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        Path.parse(text)


NAMES = st.builds(Name, st.text(min_size=1, max_size=6))
STEPS = st.one_of(
    NAMES, st.builds(Element, st.integers(0, 999_999)), st.just(ANY_NAME), st.just(ANY_ELEMENT)
)


@given(st.one_of(NAMES, st.just(ANY_NAME)), st.lists(STEPS, max_size=MAX_STEPS - 1))
def test_a_path_survives_its_text(first: PathStep, others: list[PathStep]) -> None:
    """Any path, with any names, is written so that it is read as the same path."""
    path = Path((first, *others))

    assert Path.parse(str(path)) == path


@given(st.text(alphabet='ab.[]*"\\ 0', max_size=12))
def test_any_text_is_a_path_or_wrong_in_words(text: str) -> None:
    """A text is read, and then written in a form that means the same, or refused by ValueError."""
    try:
        path = Path.parse(text)
    except ValueError:
        return

    assert Path.parse(str(path)) == path
