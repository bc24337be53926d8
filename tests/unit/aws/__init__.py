"""Tests of what speaks to AWS."""
