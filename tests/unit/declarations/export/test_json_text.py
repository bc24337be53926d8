"""JSON that readers of YAML read as well."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from osem_tasks.declarations.export.json_text import json_text

TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS) | st.integers(), max_size=4))
def test_json_and_yaml_read_the_same(document: dict[str, Any]) -> None:
    """Control characters, quotes and signs of all planes survive both readers."""
    text = json_text(document)

    assert json.loads(text) == document
    assert yaml.safe_load(text) == document
