"""The ``local`` tasks, which manage the engine on this machine."""

from __future__ import annotations

from osem_tasks.tasks.admin import admin
from osem_tasks.tasks.doctor import doctor
from osem_tasks.tasks.down import down
from osem_tasks.tasks.env import env
from osem_tasks.tasks.logs import logs
from osem_tasks.tasks.status import status
from osem_tasks.tasks.up import up

__all__ = ["admin", "doctor", "down", "env", "logs", "status", "up"]
