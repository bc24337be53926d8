"""The line of a place in a file, as an editor counts it."""

from __future__ import annotations

from typing import Any

import pytest

from osem_tasks.declarations.lines import Lines

YAML = """\
Resources:
  Carts: &carts
    Type: x

    Properties:
      Tags:
        - Key: a
        - Key: b
  Baskets:
    <<: *carts
    More: !Sub "${x}"
  5: x
"""


@pytest.mark.parametrize(
    "path, line",
    [
        pytest.param((), None, id="nothing"),
        pytest.param(("Resources",), 1, id="section"),
        pytest.param(("Resources", "Carts", "Properties"), 5, id="member"),
        pytest.param(("Resources", "Carts", "Properties", "Tags", 1), 8, id="element"),
        pytest.param(("Resources", "Carts", "Properties", "Tags", 1, "Key"), 8, id="in-element"),
        pytest.param(("Resources", "Carts", "Properties", "Absent"), 5, id="absent"),
        pytest.param(("Resources", "Carts", "Properties", "Tags", 7), 6, id="beyond"),
        pytest.param(("Resources", "Baskets", "Properties"), 5, id="merged"),
        pytest.param(("Resources", "Baskets", "More", "x"), 11, id="short-form"),
        pytest.param(("Resources", 5), 12, id="number-as-key"),
        pytest.param(("Nowhere",), None, id="nowhere"),
    ],
)
def test_the_line_of_a_path(path: tuple[Any, ...], line: int | None) -> None:
    """The deepest place on the path that the file shows."""
    assert Lines(YAML).of(path) == line


def test_lines_of_several_documents() -> None:
    """Empty documents do not count, as when the file is read."""
    lines = Lines("a: 1\n---\n---\nb: 2\n")

    assert (lines.of(("a",), 0), lines.of(("b",), 1), lines.of(("c",), 2)) == (1, 4, None)


@pytest.mark.parametrize(
    "text, line",
    [
        pytest.param('{\n "Resources": {\n  "a": 1}}', 3, id="json"),
        pytest.param("a: [", None, id="no-yaml"),
        pytest.param("[" * 5_000, None, id="too-deep"),
    ],
)
def test_a_text_that_is_no_yaml_has_no_lines(text: str, line: int | None) -> None:
    """JSON has lines, too; a text that cannot be parsed has none, and nothing is raised."""
    assert Lines(text).of(("Resources", "a")) == line
