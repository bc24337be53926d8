"""Limits for the content of a file."""

from __future__ import annotations

# AWS allows 2,500 tables by default; a declaration of that many is within both limits.
MAX_BYTES = 4_000_000
MAX_VALUES = 100_000
# The maximum number of tables that AWS allows per account and region.
MAX_TABLES = 10_000
# CloudFormation's deepest templates have about 30 levels.
MAX_DEPTH = 100
# More digits than any DynamoDB number has; longer numbers are slow to parse.
MAX_DIGITS = 400
# Longer than any name, key or tag of DynamoDB.
MAX_TEXT = 4_096
TOO_MANY = f"it holds more than {MAX_VALUES:,} values, aliases counted in full"
TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"
