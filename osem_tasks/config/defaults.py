"""Every setting of the key ``osem`` with its default, and the variables that override it."""

from __future__ import annotations

from typing import Any

APPLICATION, ENVIRONMENT_TAG = "osem-ladders", "{env}"
DEFAULT_PREFIX = "osem-{env}-"
# Every key of ``osem`` and its default. Invoke must know the keys, or it ignores the
# ``INVOKE_OSEM_*`` variables without a message.
DEFAULTS: dict[str, Any] = {
    "engine": "auto",
    "name": "osem-dynamodb-local",
    "image": "amazon/dynamodb-local:3.3.1",
    # Strings, because Invoke casts a variable to the default's type and shows a traceback
    # for an invalid number.
    "port": "8000",
    "timeout": "60",
    "log": "",
    # No default: only OSEM's own invoke.yaml names OSEM's tables.
    "tables": "",
    # Without it, OSEM's own tables have OSEM's own seed.
    "seed": "",
    # What db.docs tells of the tables, where their own source has no place for it.
    "notes": "",
    "prefix": DEFAULT_PREFIX,
    "table_name": "",
    "application": APPLICATION,
    "ignore": [],
    "parameters": {},
    "environment_tag": ENVIRONMENT_TAG,
    "environments": {},
    "mask": {},
    "mask_key": "",
}
# Variables that override the configuration files, by the key that they set.
VARIABLES = {
    "engine": "OSEM_LOCAL_ENGINE",
    "name": "OSEM_LOCAL_NAME",
    "image": "OSEM_LOCAL_IMAGE",
    "port": "OSEM_LOCAL_PORT",
    "log": "OSEM_LOG",
}
INVOKE_PREFIX = "INVOKE_OSEM_"


def invoke_variable(key: str) -> str:
    """Return the variable that overrides ``osem.KEY`` as Invoke has it."""
    return INVOKE_PREFIX + key.upper()


INVOKE_VARIABLES = [
    invoke_variable(key) for key, default in DEFAULTS.items() if isinstance(default, str)
]
