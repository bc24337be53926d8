"""Documents as JSON that readers of YAML, such as CloudFormation, read as well."""

from __future__ import annotations

import json
from typing import Any

_LAST_OF_ESCAPES = 0xFFFF


def json_text(document: dict[str, Any]) -> str:
    """Return an indented document. Unprintable characters are escaped, which YAML demands."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character == "\n" or character.isprintable() or ord(character) > _LAST_OF_ESCAPES:
        return character
    return f"\\u{ord(character):04x}"
