"""The shop's tasks: its own beside the database's."""

from invoke.context import Context
from invoke.tasks import task

from osem_tasks import namespace


@task
def hello(_context: Context) -> None:
    """Greet."""
    print("Hello from the shop.")  # noqa: T201


ns = namespace.build()
ns.add_task(hello)
