"""A table becomes one with another key: dump, check, delete, create, load, compare."""
