"""Carries out plans: reads, creates, changes, and keeps an exact account."""
