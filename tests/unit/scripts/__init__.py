"""The tests of scripts/, which maintainers run."""
