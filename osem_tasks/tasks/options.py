"""The options that several tasks share, with their help."""

from __future__ import annotations

from typing import Any

OUTPUT_OPTIONS: dict[str, tuple[Any, str]] = {
    "quiet": (False, "Print errors and the final summary only."),
    "verbose": (False, "Also print calls, timings and progress, on stderr."),
    "json": (False, "Print a single JSON document on stdout; everything else goes to stderr."),
}
TARGET_OPTIONS: dict[str, tuple[Any, str]] = {
    "env": (None, "Environment: local, test, dev, staging, prod, or a configured one."),
    "region": (None, "AWS region; default: AWS_REGION, the profile's, us-east-1."),
    "endpoint": (None, "DynamoDB endpoint; a loopback URL makes the environment local."),
    "profile": (None, "AWS profile to use."),
    "timeout": ("600", "Maximum seconds to wait for tables (default 600)."),
    "force": (False, "Proceed on prod despite a region or endpoint mismatch."),
    **OUTPUT_OPTIONS,
}
# The time that data takes grows with it: these tasks may run as long as they go on.
DATA_OPTIONS: dict[str, tuple[Any, str]] = {
    **TARGET_OPTIONS,
    "timeout": ("600", "Maximum seconds without any progress (default 600)."),
}
RATE = "How many capacity units a second the task may consume; default: no limit."
DRY_RUN = "Show what would be done, change nothing."
YES = "Skip the confirmation before anything is removed on AWS."
BACKUP = "On AWS, make a backup of every table with items first; --no-backup makes none."
TABLE = "Only this table: its full name, or its name in the model. Repeatable."
# Shown as INT in the help; their values are checked as texts, with messages of our own.
NUMBERS = frozenset({"port", "timeout", "lines", "rate", "sample", "scale"})
