"""Tests of the databases for tests."""
