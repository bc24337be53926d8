"""``python -m osem_tasks``: the program ``osem``."""

from __future__ import annotations

from osem_tasks.cli import main

if __name__ == "__main__":
    main()
