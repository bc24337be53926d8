"""Every fault that a user can meet, as data."""

from __future__ import annotations

from tests.faults.cases.control_plane import PLANE_CASES
from tests.faults.cases.credentials import CREDENTIAL_CASES
from tests.faults.cases.endpoints import ENDPOINT_CASES
from tests.faults.cases.engines import ENGINE_CASES
from tests.faults.cases.network import NETWORK_CASES
from tests.faults.cases.region import REGION_CASES

CASES = [
    *CREDENTIAL_CASES,
    *REGION_CASES,
    *ENDPOINT_CASES,
    *PLANE_CASES,
    *NETWORK_CASES,
    *ENGINE_CASES,
]
