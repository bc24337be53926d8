"""Carries out plans: reads, creates and changes tables, and records the outcome."""
