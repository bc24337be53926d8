"""Runs on the strict control plane, on a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osem_tasks.apply.run import Journal, Run
from osem_tasks.waiting.clock import Deadline
from osem_tasks.waiting.policy import Pauses, Policy
from tests.support.fake_dynamodb import TARGET, store

if TYPE_CHECKING:
    from osem_tasks.schema.model import TableSet
    from osem_tasks.waiting.progress import Step
    from tests.support.fake_dynamodb import FakeDynamoDB

# Pauses of one second, so that seconds count the looks.
POLICY = Policy(poll=Pauses(1.0, 1.0), retry=Pauses(1.0, 1.0), visibility=10.0, calls_per_second={})
MINUTE = 60.0


@dataclass
class Told:
    """Who is told how a run goes, and keeps it."""

    texts: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def info(self, text: str) -> None:
        """A step begins."""
        self.texts.append(text)

    def say(self, text: str) -> None:
        """How far it has come."""
        self.texts.append(text)

    def begin(self, step: Step) -> None:
        """A step is counted."""
        self.steps.append(step)


def new_run(fake: FakeDynamoDB, tables: TableSet, seconds: float = MINUTE) -> tuple[Run, Told]:
    """A run of a new process on the fake, and what it tells."""
    told = Told()
    run = Run(TARGET, tables, store(fake), Deadline(seconds), told, Journal(tables.names))
    return run, told
