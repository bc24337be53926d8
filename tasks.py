"""OSEM Ladders' developer tasks; ``inv --list`` shows them."""

from osem_tasks import namespace

ns = namespace.build()
