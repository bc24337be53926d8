"""What docs/conf.py changes in a page for the site."""

from __future__ import annotations

import runpy

import pytest

from tests.support import pages

CONF = runpy.run_path(str(pages.DOCS / "conf.py"))


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param("See [data](data.md#a).", "See [data](data.md#a).", id="a-page-stays"),
        pytest.param(
            "[how](../CONTRIBUTING.md#how-to) to",
            "how (`CONTRIBUTING.md` in the repository) to",
            id="a-file-of-the-repository",
        ),
        pytest.param(
            "[a](../a/b), [c](d.md)", "a (`a/b` in the repository), [c](d.md)", id="a-folder"
        ),
        pytest.param("```sh\ninv\n```\n", "```sh\ninv\n```\n", id="other-code-stays"),
    ],
)
def test_links_out_of_the_site_become_names(text: str, expected: str) -> None:
    """What the site does not hold is named; everything else is as the page has it."""
    assert changed("data", text) == expected


def test_a_diagram_is_folded_away_and_kept() -> None:
    """No browser has to load a script for it, and its source is still there."""
    found = changed("data-model", "a\n\n```mermaid\nerDiagram\n```\n\nb\n")

    assert "```text\nerDiagram\n```" in found
    assert ("<details>" in found, "```mermaid" in found) == (True, False)
    assert (found.startswith("a\n"), found.endswith("b\n")) == (True, True)


def test_only_the_first_page_gets_the_navigation() -> None:
    """A table of contents for each part, after the page's own text."""
    assert "toctree" not in changed("data", "# Data\n")
    assert changed("index", "# First\n").startswith("# First\n")
    assert changed("index", "").count("{toctree}") == len(CONF["NAVIGATION"])


def changed(page: str, text: str) -> str:
    """The page's text as Sphinx gets it."""
    content = [text]
    CONF["for_the_site"](None, page, content)
    return content[0]
