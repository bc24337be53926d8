"""Tests of what carries out plans."""
