"""Tests of `osem_tasks/scaffold`."""
