"""Run the program ``osem`` with ``python -m osem_tasks``."""

from __future__ import annotations

from osem_tasks.cli import main

if __name__ == "__main__":
    main()
