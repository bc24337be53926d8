"""Unit tests of ``osem_tasks.data.migration``."""
