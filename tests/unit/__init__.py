"""Unit tests: no engine, no network."""
