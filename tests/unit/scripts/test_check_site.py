"""The check of the built site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.check_site import check, main, read

if TYPE_CHECKING:
    from pathlib import Path

OTHER = '<h2 id="a part">Other</h2>'


@pytest.mark.parametrize(
    "html, problem",
    [
        pytest.param('<a href="other.html">', "", id="page"),
        pytest.param('<a href="other.html#a%20part">', "", id="anchor"),
        pytest.param('<a href="#here"><p id="here">', "", id="anchor-of-the-page"),
        pytest.param('<a href="#">', "", id="top"),
        pytest.param('<a href="./">', "", id="folder"),
        pytest.param('<a href="https://example.org/x#y">', "", id="elsewhere"),
        pytest.param('<img src="data:image/png;base64,AA==">', "", id="data"),
        pytest.param('<link rel="canonical" href="https://example.org">', "", id="canonical"),
        pytest.param('<a href="gone.html">', "gone.html is not there", id="no-page"),
        pytest.param('<a href="other.html#b">', "other.html#b: no such anchor", id="no-anchor"),
        pytest.param('<a href="#b">', "#b: no such anchor", id="no-anchor-here"),
        pytest.param('<a href="../secret.html">', "../secret.html is not there", id="outside"),
        pytest.param('<img src="a.png">', "a.png is not there", id="no-picture"),
        pytest.param('<source srcset="dark.svg">', "dark.svg is not there", id="no-source"),
        pytest.param(
            '<script src="https://cdn.example/x.js"></script>',
            "loads https://cdn.example/x.js from elsewhere",
            id="script",
        ),
        pytest.param(
            '<link rel="stylesheet" href="//fonts.example/css">',
            "loads //fonts.example/css from elsewhere",
            id="font",
        ),
    ],
)
def test_a_link_within_the_site_leads_somewhere(tmp_path: Path, html: str, problem: str) -> None:
    """What is not there is named with its page; a link to another site is no problem."""
    (tmp_path / "secret.html").write_text("", encoding="utf-8")
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(html, encoding="utf-8")
    (site / "other.html").write_text(OTHER, encoding="utf-8")

    problems, _ = check(site)

    assert problems == ([f"index.html: {problem}"] if problem else [])


def test_the_exit_code_tells_of_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other sites are listed on stdout, problems go to stderr."""
    text = '<a href="https://example.org"><a href="gone.html">'
    (tmp_path / "index.html").write_text(text, encoding="utf-8")

    code = main([str(tmp_path)])

    shown = capsys.readouterr()
    assert (code, "https://example.org" in shown.out) == (1, True)
    assert shown.err == "index.html: gone.html is not there\n"


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """No page stops the check, whatever is in it."""
    read(text)
