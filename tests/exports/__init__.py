"""Exports checked by a large tool, which has a session of its own."""
