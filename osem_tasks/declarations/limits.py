"""How much a file may hold."""

from __future__ import annotations

# AWS allows 2,500 tables by default; a declaration of so many stays within both.
MAX_BYTES = 4_000_000
MAX_VALUES = 100_000
# CloudFormation's deepest templates have some 30 levels.
MAX_DEPTH = 100
# More digits than any number of DynamoDB; what is longer takes long to read.
MAX_DIGITS = 400
# Longer than any name, key or tag of DynamoDB.
MAX_TEXT = 4_096
TOO_MANY = f"it holds more than {MAX_VALUES:,} values, aliases counted in full"
TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"
