"""Tests of the pytest plugin without an engine."""
