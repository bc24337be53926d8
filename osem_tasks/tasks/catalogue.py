"""The suite's tasks, in the order of a list: where each is, and the first line of its help.

A list of tasks and every TAB show no more than that, so no task's module is imported for them.
"""

from __future__ import annotations

from osem_tasks.tasks.suite_task import LateTask

# The place is ``module:function`` below ``osem_tasks.tasks``.
TASKS = {
    "local.up": (
        "up:up",
        "Start a local DynamoDB, or reuse the running one, and wait until it responds.",
    ),
    "local.down": (
        "down:down",
        "Stop and remove what local.up started; nothing else is ever touched.",
    ),
    "local.status": (
        "status:status",
        "Show whether the engine runs, where, and since when; and every other engine that runs.",
    ),
    "local.logs": ("logs:logs", "Show the engine's own log."),
    "local.env": (
        "env:env",
        "Print export lines, so that the AWS CLI and an application find the engine.",
    ),
    "local.admin": (
        "admin:admin",
        "Open a data browser (dynamodb-admin) on the engine, on this machine only.",
    ),
    "local.doctor": (
        "doctor:doctor",
        "Check what the main job needs, one line each with the command that mends it.",
    ),
    "db.setup": (
        "setup:setup",
        "Create the tables that are missing and verify those that exist.",
    ),
    "db.verify": (
        "verify:verify",
        "Check every table against the model, fact by fact. Read-only.",
    ),
    "db.repair": (
        "repair:repair",
        "Change existing tables to match the model without losing data.",
    ),
    "db.compare": (
        "compare:compare",
        "Show how the live tables of two environments differ. Read-only.",
    ),
    "db.seed": (
        "seed:seed",
        "Put the seed's items into the tables: OSEM's own, or those that osem.seed names.",
    ),
    "db.reset": (
        "delete:reset",
        "Delete the environment's tables, or some of them, and set them up again, empty.",
    ),
    "db.delete": ("delete:delete", "Delete the environment's tables, or some of them."),
    "db.export": (
        "documents:export",
        "Export the declared tables as JSON, CloudFormation or Terraform.",
    ),
    "db.docs": (
        "docs:docs",
        "Write the declared data model as Markdown with diagrams. Asks no engine.",
    ),
    "db.policy": (
        "policy:policy",
        "Print the least IAM policy for the tasks in one environment. Calls no AWS.",
    ),
    "db.dump": (
        "dump:dump",
        "Write the items of the environment's tables, or of some of them, to files. Read-only.",
    ),
    "db.load": (
        "load:load",
        "Write the items of a dump into the environment's tables. Deletes nothing.",
    ),
    "db.copy": (
        "copy:copy",
        "Copy another environment's items into this one, masked by osem.mask. Deletes nothing.",
    ),
    "db.migrate": (
        "migrate:migrate",
        "Replace a table whose key cannot be changed in place, and keep its items.",
    ),
    "db.list": (
        "listing:list_",
        "Show the environment's tables: status, items, size, indexes.",
    ),
    "db.import": (
        "documents:import_",
        "Generate a declaration from live tables. Read-only.",
    ),
}


def tasks() -> dict[str, LateTask]:
    """Return the tasks by their full names; the module of each is imported once it is needed."""
    return {
        name: LateTask(name, f"osem_tasks.tasks.{place}", summary)
        for name, (place, summary) in TASKS.items()
    }
