"""Scripts for the maintainers of this repository."""
