"""Tests of the java engine."""
