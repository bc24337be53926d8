"""Tests of the items' readers, rules and sets."""
